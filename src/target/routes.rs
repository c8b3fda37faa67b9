//! Maps methods and paths to responses.

/// The most bytes that `/bytes/N` sends and `/echo` accepts.
pub(super) const BODY_BYTES_MAX: usize = 64 << 20;

/// The kind of response to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// One of the constant responses.
    Constant(Constant),
    /// A body of so many bytes.
    Bytes(usize),
    /// The request's own body.
    Echo,
}

/// A constant response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Constant {
    /// `/`.
    Welcome,
    /// `/users`.
    Users,
    /// `/status`.
    Status,
    /// 200 without the key of the route.
    Dropped,
    /// 500 on purpose.
    Injected,
    /// 404.
    NotFound,
    /// 405: the path accepts GET and HEAD only.
    OnlyGet,
    /// 405: the path accepts POST only.
    OnlyPost,
    /// 400: the request is malformed.
    Malformed,
    /// 413: the body is too long.
    TooLarge,
}

impl Constant {
    pub(super) const ALL: [Constant; 10] = [
        Constant::Welcome,
        Constant::Users,
        Constant::Status,
        Constant::Dropped,
        Constant::Injected,
        Constant::NotFound,
        Constant::OnlyGet,
        Constant::OnlyPost,
        Constant::Malformed,
        Constant::TooLarge,
    ];

    /// Returns the status line without the version, an extra header, and the body.
    pub(super) fn parts(self) -> (&'static str, &'static str, &'static str) {
        const OK: &str = "200 OK";
        match self {
            Constant::Welcome => (OK, "", r#"{"message": "Welcome to the API!"}"#),
            Constant::Users => (OK, "", r#"{"users": ["Alice", "Bob", "Charlie"]}"#),
            Constant::Status => (OK, "", r#"{"status": "healthy"}"#),
            Constant::Dropped => (OK, "", "{}"),
            Constant::Injected => ("500 Internal Server Error", "", r#"{"error": "injected"}"#),
            Constant::NotFound => ("404 Not Found", "", r#"{"error": "not found"}"#),
            Constant::OnlyGet => {
                let body = r#"{"error": "method not allowed"}"#;
                ("405 Method Not Allowed", "Allow: GET, HEAD\r\n", body)
            }
            Constant::OnlyPost => {
                let body = r#"{"error": "method not allowed"}"#;
                ("405 Method Not Allowed", "Allow: POST\r\n", body)
            }
            Constant::Malformed => ("400 Bad Request", "", r#"{"error": "malformed request"}"#),
            Constant::TooLarge => ("413 Content Too Large", "", r#"{"error": "body too large"}"#),
        }
    }

    /// Returns whether the body has a key that can be left out.
    pub(super) fn promises(self) -> bool {
        matches!(self, Constant::Welcome | Constant::Users | Constant::Status)
    }
}

impl Route {
    /// Returns the route of a method and a target.
    pub(super) fn find(method: &str, target: &str) -> Route {
        let get = matches!(method, "GET" | "HEAD");
        let only_get = |route| if get { route } else { Route::Constant(Constant::OnlyGet) };
        match path(target) {
            "/" => only_get(Route::Constant(Constant::Welcome)),
            "/users" => only_get(Route::Constant(Constant::Users)),
            "/status" => only_get(Route::Constant(Constant::Status)),
            "/echo" if method == "POST" => Route::Echo,
            "/echo" => Route::Constant(Constant::OnlyPost),
            other => match other.strip_prefix("/bytes/").and_then(size) {
                Some(size) => only_get(Route::Bytes(size)),
                None => Route::Constant(Constant::NotFound),
            },
        }
    }
}

/// Returns the path of a target, without the query. A target may be an absolute URL (RFC 9112 section
/// 3.2.2).
fn path(target: &str) -> &str {
    let end = target.find('?').unwrap_or(target.len());
    let target = &target[..end];
    match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => target,
    }
}

fn size(digits: &str) -> Option<usize> {
    let size = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok());
    size.flatten().filter(|&size| size <= BODY_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn method_and_path_choose_the_answer() {
        let check = |method, target, expected| {
            assert_eq!(Route::find(method, target), expected, "{method} {target}");
        };
        let constant = Route::Constant;
        check("GET", "/", constant(Constant::Welcome));
        check("HEAD", "/users?page=2", constant(Constant::Users));
        check("GET", "http://h:1/status?a=/b", constant(Constant::Status));
        check("GET", "http://h?a", constant(Constant::Welcome));
        check("get", "/", constant(Constant::OnlyGet));
        check("DELETE", "/bytes/5", constant(Constant::OnlyGet));
        check("GET", "/bytes/5", Route::Bytes(5));
        check("GET", "/bytes/67108864", Route::Bytes(64 << 20));
        for bad in ["/bytes/67108865", "/bytes/", "/bytes/+5", "/bytes/x", "/users/", "*", ""] {
            check("GET", bad, constant(Constant::NotFound));
        }
        check("POST", "/echo", Route::Echo);
        check("GET", "/echo", constant(Constant::OnlyPost));
    }
}
