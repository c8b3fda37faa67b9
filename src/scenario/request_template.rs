//! A request whose texts are templates.

use http::{HeaderName, HeaderValue};

use crate::session::{Auth, Body, Request};
use crate::template::{Error, JsonTemplate, Scope, Template};

/// The texts of a request, read as templates.
#[derive(Debug, Clone)]
pub(crate) struct RequestTemplate {
    /// What has no texts: method, timeout and so on.
    pub(crate) request: Request,
    pub(crate) path: Template,
    pub(crate) name: Option<Template>,
    pub(crate) query: Vec<(Template, Template)>,
    pub(crate) headers: Vec<(HeaderName, HeaderTemplate)>,
    pub(crate) body: BodyTemplate,
    pub(crate) auth: Option<AuthTemplate>,
}

/// The value of a header.
#[derive(Debug, Clone)]
pub(crate) enum HeaderTemplate {
    Text(Template),
    /// Bytes that are no text.
    Bytes(HeaderValue),
}

#[derive(Debug, Clone)]
pub(crate) enum BodyTemplate {
    /// Has no texts, or they are constant.
    Constant(Body),
    Text(Template),
    Json(JsonTemplate),
    Form(Vec<(Template, Template)>),
}

#[derive(Debug, Clone)]
pub(crate) enum AuthTemplate {
    Basic(Template, Template),
    Bearer(Template),
    Digest(Template, Template),
}

impl RequestTemplate {
    /// Reads the texts of a request.
    ///
    /// # Errors
    ///
    /// Returns the first mistake in one of them.
    pub(crate) fn parse(request: &Request, scope: &Scope) -> Result<Self, Error> {
        let template = |text: &str| Template::parse(text, scope);
        let pairs = |pairs: &[(String, String)]| -> Result<Vec<_>, Error> {
            pairs.iter().map(|(name, value)| Ok((template(name)?, template(value)?))).collect()
        };
        let header = |(name, value): &(HeaderName, HeaderValue)| {
            let value = match str::from_utf8(value.as_bytes()) {
                Ok(text) => HeaderTemplate::Text(template(text)?),
                Err(_) => HeaderTemplate::Bytes(value.clone()),
            };
            Ok((name.clone(), value))
        };
        Ok(RequestTemplate {
            path: template(&request.path)?,
            name: request.name.as_deref().map(template).transpose()?,
            query: pairs(&request.query)?,
            headers: request.headers.iter().map(header).collect::<Result<_, Error>>()?,
            body: match &request.body {
                // Bytes that are no text are sent as they are.
                Body::Bytes(bytes) if str::from_utf8(bytes).is_ok() => {
                    BodyTemplate::Text(template(str::from_utf8(bytes).unwrap_or_default())?)
                }
                Body::Json(document) => BodyTemplate::Json(JsonTemplate::parse(document, scope)?),
                Body::Form(form) => BodyTemplate::Form(pairs(form)?),
                other => BodyTemplate::Constant(other.clone()),
            },
            auth: request.auth.as_ref().map(|auth| auth_template(auth, scope)).transpose()?,
            request: request.clone(),
        })
    }

    /// Returns the request, if none of its texts has an expression.
    pub(crate) fn constant(&self) -> Option<Request> {
        let text = |template: &Template| template.constant().map(str::to_owned);
        let pairs = |pairs: &[(Template, Template)]| -> Option<Vec<_>> {
            pairs.iter().map(|(name, value)| Some((text(name)?, text(value)?))).collect()
        };
        let header = |(name, value): &(HeaderName, HeaderTemplate)| {
            let value = match value {
                HeaderTemplate::Text(value) => HeaderValue::from_str(value.constant()?).ok()?,
                HeaderTemplate::Bytes(value) => value.clone(),
            };
            Some((name.clone(), value))
        };
        let mut request = self.request.clone();
        request.path = text(&self.path)?;
        request.name = match &self.name {
            Some(name) => Some(text(name)?),
            None => None,
        };
        request.query = pairs(&self.query)?;
        request.headers = self.headers.iter().map(header).collect::<Option<_>>()?;
        request.body = match &self.body {
            BodyTemplate::Constant(body) => body.clone(),
            BodyTemplate::Text(body) => Body::Bytes(text(body)?.into()),
            BodyTemplate::Json(body) => Body::JsonText(body.constant()?.into()),
            BodyTemplate::Form(form) => Body::Form(pairs(form)?),
        };
        request.auth = match &self.auth {
            None => None,
            Some(AuthTemplate::Bearer(token)) => Some(Auth::Bearer(text(token)?)),
            Some(AuthTemplate::Basic(user, password)) => {
                Some(Auth::basic(text(user)?, text(password)?))
            }
            Some(AuthTemplate::Digest(user, password)) => {
                Some(Auth::digest(text(user)?, text(password)?))
            }
        };
        Some(request)
    }
}

fn auth_template(auth: &Auth, scope: &Scope) -> Result<AuthTemplate, Error> {
    let template = |text: &str| Template::parse(text, scope);
    Ok(match auth {
        Auth::Basic { user, password } => AuthTemplate::Basic(template(user)?, template(password)?),
        Auth::Bearer(token) => AuthTemplate::Bearer(template(token)?),
        Auth::Digest { user, password } => {
            AuthTemplate::Digest(template(user)?, template(password)?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Step;

    #[test]
    fn a_request_without_expressions_is_constant() {
        let step = Step::post("/a$${b}")
            .name("a")
            .query("q", "1")
            .header(http::header::ACCEPT, HeaderValue::from_static("x"))
            .form("f", "$${g}")
            .bearer_auth("t");
        let template = RequestTemplate::parse(&step.request, &Scope::default()).unwrap();
        let expected = Step::post("/a${b}")
            .name("a")
            .query("q", "1")
            .header(http::header::ACCEPT, HeaderValue::from_static("x"))
            .form("f", "${g}")
            .bearer_auth("t");
        assert_eq!(template.constant(), Some(expected.request));
    }

    #[test]
    fn an_expression_anywhere_makes_a_request_vary() {
        let mut scope = Scope::default();
        scope.add("x");
        let value = || HeaderValue::from_static("${x}");
        for step in [
            Step::get("/${x}"),
            Step::get("/").name("${x}"),
            Step::get("/").query("q", "${x}"),
            Step::get("/").query("${x}", "q"),
            Step::get("/").header(http::header::ACCEPT, value()),
            Step::post("/").form("f", "${x}"),
            Step::post("/").json(serde_json::json!({"a": ["${x}"]})),
            Step::post("/").body("${x}"),
            Step::get("/").bearer_auth("${x}"),
            Step::get("/").basic_auth("u", "${x}"),
            Step::get("/").digest_auth("${x}", "p"),
        ] {
            let template = RequestTemplate::parse(&step.request, &scope).unwrap();
            assert_eq!(template.constant(), None, "{step:?}");
            assert!(RequestTemplate::parse(&step.request, &Scope::default()).is_err(), "{step:?}");
        }
    }
}
