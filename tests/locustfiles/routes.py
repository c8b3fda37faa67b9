"""What the scripted server answers. Every answer follows from the request and from what its user has asked before.

A route is a function of a request (`server.Handler`) and of the named parts of its path.
"""

import base64
import email.parser
import email.policy
import gzip
import html
import json
import re
import socket
import time
import zlib

ROUTES = []
PRODUCTS = [
    {"id": number, "name": f"product {number}", "category": ["books", "games", "garden"][number % 3], "price": 5 * number}
    for number in range(1, 13)
]
SOLD_OUT = 12
TOKEN_USES = 4  # A token is refused from its fifth use on, so that clients must refresh it.


def route(methods, path):
    pattern = re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", path))

    def register(function):
        ROUTES.append((methods.split(), pattern, function))
        return function

    return register


def signed_in(function):
    def guarded(request, **parts):
        if request.user() is None:
            return request.answer(401, {"error": "sign in first"}, headers=[("WWW-Authenticate", "Bearer")])
        return function(request, **parts)

    return guarded


# Pages


@route("GET", "/")
def front_page(request):
    request.answer(200, "<html><title>Front page</title><a href='/products'>Products</a></html>")


@route("GET", "/(hello|world|about|health|contact)")
def small_page(request):
    request.answer(200, f"<html><title>{request.path[1:]}</title></html>")


@route("* GET", "/pages/<name>")
def page(request, name):
    request.answer(200, f"<html><title>{html.escape(name)}</title><a href='/pages/next'>next</a></html>")


@route("GET", "/assets/<name>")
def asset(request, name):
    request.answer(200, b"/* " + name.encode() + b" */" + b" " * 500, "text/css", [("ETag", f'"{name}"')])


# Signing in


@route("POST", "/login")
def login(request):
    fields = request.fields()
    if fields.get("password") != "secret":
        return request.answer(401, {"error": "wrong name or password"})
    name = fields["username"]
    request.answer(200, {"token": f"token-{name}-1", "user": name}, headers=[("Set-Cookie", f"session=s-{name}; Path=/; HttpOnly")])


@route("POST GET", "/logout")
def logout(request):
    request.answer(200, {"ok": True}, headers=[("Set-Cookie", "session=; Path=/; Max-Age=0")])


@route("POST", "/auth/refresh")
def refresh(request):
    name, number = request.json()["refresh_token"].removeprefix("refresh-").split("-")
    following = int(number) + 1
    request.answer(200, {"access_token": f"token-{name}-{following}", "refresh_token": f"refresh-{name}-{following}"})


@route("POST", "/auth/token")
def token(request):
    fields = request.fields()
    if fields.get("grant_type") not in (None, "password"):
        return request.answer(400, {"error": "unsupported_grant_type"})
    if fields.get("password") != "secret":
        return request.answer(401, {"error": "invalid_grant"})
    name = fields["username"]
    request.answer(200, {"access_token": f"token-{name}-1", "refresh_token": f"refresh-{name}-1", "expires_in": 300})


@route("GET PUT", "/auth/me")
@signed_in
def me(request):
    books, token = request.books, request.token()
    with books.lock:
        books.uses[token] += 1
        worn_out = token and books.uses[token] > TOKEN_USES
    if worn_out:
        return request.answer(401, {"error": "token expired"})
    request.answer(200, {"name": request.user(), "roles": ["reader"]})


@route("GET", "/form")
def form_page(request):
    name = request.query.get("user", ["nobody"])[0]
    field = f"<input type='hidden' name='csrf' value='csrf-{name}'>"
    request.answer(200, f"<form method='post'>{field}</form>", headers=[("Set-Cookie", f"csrf=csrf-{name}; Path=/form")])


@route("POST", "/form")
def form_post(request):
    if request.form().get("csrf") != request.cookies().get("csrf"):
        return request.answer(403, {"error": "csrf"})
    request.answer(303, headers=[("Location", "/form/thanks")])


@route("GET", "/form/thanks")
def form_thanks(request):
    request.answer(200, "<p>Thank you</p>")


@route("* GET", "/basic/<name>/<password>")
def basic(request, name, password):
    wanted = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
    if request.headers.get("Authorization") != wanted:
        return request.answer(401, "no", headers=[("WWW-Authenticate", 'Basic realm="here"')])
    request.answer(200, {"authenticated": True, "user": name})


# A shop


@route("GET", "/products")
def products(request):
    category = request.query.get("category", [None])[0]
    page, size = int(request.query.get("page", ["1"])[0]), int(request.query.get("size", ["5"])[0])
    found = [product for product in PRODUCTS if category in (None, product["category"])]
    request.answer(200, {"products": found[(page - 1) * size : page * size], "total": len(found), "page": page})


@route("GET", "/products/<number>")
def product(request, number):
    found = [product for product in PRODUCTS if str(product["id"]) == number]
    request.answer(*((200, found[0]) if found else (404, {"error": f"no product {number}"})))


@route("GET", "/products/<number>/reviews")
def reviews(request, number):
    request.answer(200, [{"stars": int(number) % 5 + 1, "text": "as described"}])


@route("GET POST DELETE", "/cart")
@signed_in
def cart(request):
    carts, name = request.books.carts, request.user()
    if request.command == "POST":
        wanted = request.fields()
        if int(wanted["product"]) == SOLD_OUT:
            return request.answer(409, {"error": "sold out"})
        carts[name].append({"product": int(wanted["product"]), "quantity": int(wanted.get("quantity", 1))})
        return request.answer(201, {"items": len(carts[name])})
    if request.command == "DELETE":
        carts[name].clear()
        return request.answer(204, content_type=None)
    request.answer(200, {"items": carts[name]})


@route("POST", "/checkout")
@signed_in
def checkout(request):
    carts, name = request.books.carts, request.user()
    if not carts[name]:
        return request.answer(400, {"error": "the cart is empty"})
    del carts[name]
    request.answer(302, headers=[("Location", f"/orders/{name}-1")])


@route("GET", "/orders/<order>")
@signed_in
def order(request, order):
    request.answer(200, {"order": order, "state": "paid"})


# Items of a REST API, each user's own


@route("GET POST", "/items")
@signed_in
def items(request):
    mine = request.books.items[request.user()]
    if request.command == "GET":
        return request.answer(200, list(mine.values()), headers=[("X-Total-Count", str(len(mine)))])
    item = request.json()
    if not item.get("title"):
        return request.answer(422, {"detail": [{"field": "title", "message": "required"}]})
    item["id"] = max(mine, default=0) + 1
    mine[item["id"]] = item
    request.answer(201, item, headers=[("Location", f"/items/{item['id']}")])


@route("GET PUT PATCH DELETE", "/items/<number>")
@signed_in
def item(request, number):
    mine, number = request.books.items[request.user()], int(number)
    if number not in mine:
        return request.answer(404, {"detail": "no such item"})
    if request.command == "DELETE":
        del mine[number]
        return request.answer(204, content_type=None)
    if request.command == "PUT":
        mine[number] = {"id": number, **request.json()}
    if request.command == "PATCH":
        mine[number].update(request.json())
    request.answer(200, mine[number])


@route("POST", "/graphql")
def graphql(request):
    asked = request.json()
    query, variables = asked["query"], asked.get("variables") or {}
    if "product(" in query:
        found = [product for product in PRODUCTS if product["id"] == variables.get("id")]
        return request.answer(200, {"data": {"product": found[0] if found else None}})
    if "products" in query:
        return request.answer(200, {"data": {"products": PRODUCTS[: variables.get("first", 3)]}})
    if "mutation" in query:
        return request.answer(200, {"data": {"review": {"id": "r1", **variables}}})
    request.answer(200, {"data": None, "errors": [{"message": "Cannot query that field"}]})


# What examples of Locust's documentation ask for


@route("POST", "/authenticate")
def authenticate(request):
    request.answer(200, {"message": f"Welcome {request.fields()['username']}!"})


@route("POST", "/checkout/confirm")
def confirm(request):
    request.answer(200, {"orderId": 42})


@route("GET POST", "/sign-in")
def sign_in(request):
    if request.command == "POST":
        return request.answer(302, headers=[("Location", "/pages/welcome")])
    request.answer(200, '<form method="post"><input name="authenticity_token" value="abc"></form>')


@route("GET", "/(item|stats/requests|protected/resource|slow|response-headers)")
def named_by_examples(request):
    request.answer(200, {"path": request.path})


# Bodies, parameters and headers that are told back


@route("POST PUT", "/upload")
def upload(request):
    content_type = request.headers.get("Content-Type", "")
    if not content_type.startswith("multipart/form-data"):
        return request.answer(200, {"bytes": len(request.body), "type": content_type})
    parser = email.parser.BytesParser(policy=email.policy.HTTP)
    message = parser.parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + request.body)
    parts = [
        {
            "name": part.get_param("name", header="content-disposition"),
            "file": part.get_filename(),
            "type": part.get_content_type(),
            "bytes": len(part.get_payload(decode=True)),
        }
        for part in message.iter_parts()
    ]
    request.answer(201, {"parts": parts})


@route("GET", "/search")
def search(request):
    words = request.query.get("q", [""])[0]
    request.answer(200, {"query": request.query, "hits": [f"{words} {number}" for number in range(3)] if words else []})


@route("GET", "/numbers")
def numbers(request):
    """Numbers that Python's parser takes, though they are no JSON, and ones that it reads whole."""
    request.answer(200, '{"nan": NaN, "most": [Infinity, -Infinity], "long": 123456789012345678901234567890, "float": 1e400}', "application/json")


@route("*", "/anything(/.*)?")
def anything(request):
    headers = {name.lower(): value for name, value in request.headers.items()}
    body = request.body.decode(errors="replace")
    request.answer(200, {"method": request.command, "path": request.path, "headers": headers, "body": body, "cookies": request.cookies()})


@route("GET", "/cookies/set")
def set_cookies(request):
    cookies = [("Set-Cookie", f"{name}={values[0]}; Path=/") for name, values in request.query.items()]
    request.answer(302, headers=[("Location", "/cookies"), *cookies])


@route("GET", "/cookies")
def show_cookies(request):
    request.answer(200, request.cookies())


# A chat that is polled


@route("GET POST", "/rooms/<room>/messages")
def messages(request, room):
    said = request.books.messages[room]
    if request.command == "POST":
        said.append(request.json()["text"])
        return request.answer(201, {"id": len(said)})
    after = int(request.query.get("after", ["0"])[0])
    if after >= len(said):
        time.sleep(0.05)
        return request.answer(204, content_type=None)
    request.answer(200, {"messages": said[after:], "last": len(said)})


# Odd answers


@route("*", "/status/<code>")
def status(request, code):
    bodiless = code in ("204", "304")
    request.answer(int(code), b"" if bodiless else {"status": int(code)}, content_type=None)


@route("*", "/redirect/<count>")
def redirect(request, count):
    code = int(request.query.get("status", ["302"])[0])
    following = f"/redirect/{int(count) - 1}?status={code}" if int(count) > 1 else "/anything/redirected"
    request.answer(code, headers=[("Location", following)])


@route("GET", "/loop")
def loop(request):
    request.answer(302, headers=[("Location", "/loop")])


@route("* GET", "/slow/<milliseconds>")
def slow(request, milliseconds):
    time.sleep(int(milliseconds) / 1000)
    request.answer(200, {"slept": int(milliseconds)})


@route("GET", "/(gzip|deflate)")
def compressed(request):
    body = json.dumps({"text": "squeeze " * 100}).encode()
    squeeze = gzip.compress if request.path == "/gzip" else zlib.compress
    request.answer(200, squeeze(body), "application/json", [("Content-Encoding", request.path[1:])])


@route("GET", "/broken-json")
def broken_json(request):
    request.answer(200, '{"half": [1, 2', "application/json")


@route("GET", "/latin1")
def latin1(request):
    request.answer(200, "caf\xe9".encode("latin-1"), "text/plain")


@route("GET", "/lines/<count>")
def lines(request, count):
    request.send_response(200)
    request.send_header("Content-Type", "text/plain; charset=utf-8")
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    for number in range(int(count)):
        line = f"line {number}\n".encode()
        request.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
    request.wfile.write(b"0\r\n\r\n")


@route("*", "/close")
def close(request):
    request.close_connection = True
    request.connection.shutdown(socket.SHUT_RDWR)


@route("GET", "/truncated")
def truncated(request):
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    request.wfile.write(b"only this")
    request.close_connection = True


@route("GET", "/flaky/<key>")
def flaky(request, key):
    """Every third request of a key fails."""
    with request.books.lock:
        request.books.asked[key] += 1
        turn = request.books.asked[key]
    request.answer(503 if turn % 3 == 0 else 200, {"turn": turn})
