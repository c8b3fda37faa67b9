"""`rest()` and `rest_()`: requests of JSON that judge themselves."""

import time
import traceback
from contextlib import contextmanager

from ..exception import STEERING, ResponseError

_EXCERPT = 200


class RestMixin:
    """The JSON helpers of HttpUser and FastHttpUser."""

    @contextmanager
    def rest(self, method, url, headers=None, **kwargs):
        """Makes a request for JSON and yields the response, whose body is parsed as `response.js`.

        An exception in the block is a failure of the request, and goes no
        further, as in Locust; so is a body that is not JSON. Those that end the
        task or the user do go on (Locust counts them as failures of the request,
        and the user stays).
        """
        accept = {"Content-Type": "application/json", "Accept": "application/json"}
        headers = {**accept, **(headers or {})}
        with self.client.request(
            method, url, catch_response=True, headers=headers, **kwargs
        ) as response:
            response.js = _parsed(response)
            try:
                yield response
            except STEERING:
                raise
            except AssertionError as error:
                response.failure(_of_assertion(error, response))
            except Exception as error:
                response.failure(_of_exception(error, response))

    @contextmanager
    def rest_(self, method, url, name=None, **kwargs):
        """Like `rest`, with the time appended to the query, so that no cache answers."""
        mark = "&" if "?" in url else "?"
        name = name or f"{url}{mark}_=..."
        with self.rest(method, f"{url}{mark}_={int(time.time() * 1000)}", name=name, **kwargs) as response:
            yield response


def _parsed(response):
    """Returns the parsed body, or None, which is a failure where there is a body, or no response."""
    if response.status_code == 0:
        response.failure(str(response.error))
        return None
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError as error:
        response.failure(
            f"Could not parse response as JSON. {(response.text or '')[:250]}, "
            f"response code {response.status_code}, error {error}"
        )
    return None


def _of_assertion(error, response):
    """Returns the assertion's own text; one that ends in a comma asks for the body."""
    text = str(error.args[0]) if error.args else ""
    if text.endswith(","):
        text += f" response was {(response.text or '')[:_EXCERPT]}"
    return text or "Assertion failed"


def _of_exception(error, response):
    """Returns the exception's text and the lines of the user's file that it came through."""
    if isinstance(error, ResponseError):
        return str(error)
    places = [
        f"{frame.filename}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != _rest_file()
    ]
    excerpt = (response.text or "")[:_EXCERPT]
    return f"{type(error).__name__}: {error} at {', '.join(places)}. Response was {excerpt}"


def _rest_file():
    return RestMixin.rest.__wrapped__.__code__.co_filename
