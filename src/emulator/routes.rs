//! The endpoints there are, one a line: a request that none of them matches is refused before anything else looks at it.

use http::Method;

use super::Id;

/// An endpoint: a method and the form of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `POST`, `PATCH`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// The path, which begins with `/v1/` or `/api/v2/`; `{id}` stands for a number and `{key}` for any word.
    pub path: &'static str,
}

const fn route(method: &'static str, path: &'static str) -> Route {
    Route { method, path }
}

/// Every endpoint.
pub const ROUTES: &[Route] = &[
    route("GET", "/api/v2/deals"),
    route("POST", "/api/v2/deals"),
    route("GET", "/api/v2/deals/archived"),
    route("GET", "/api/v2/deals/search"),
    route("GET", "/api/v2/deals/products"),
    route("GET", "/api/v2/deals/installments"),
    route("GET", "/api/v2/deals/{id}"),
    route("PATCH", "/api/v2/deals/{id}"),
    route("DELETE", "/api/v2/deals/{id}"),
    route("GET", "/api/v2/deals/{id}/products"),
    route("POST", "/api/v2/deals/{id}/products"),
    route("DELETE", "/api/v2/deals/{id}/products"),
    route("POST", "/api/v2/deals/{id}/products/bulk"),
    route("PATCH", "/api/v2/deals/{id}/products/{id}"),
    route("DELETE", "/api/v2/deals/{id}/products/{id}"),
    route("POST", "/api/v2/deals/{id}/installments"),
    route("PATCH", "/api/v2/deals/{id}/installments/{id}"),
    route("DELETE", "/api/v2/deals/{id}/installments/{id}"),
    route("GET", "/api/v2/deals/{id}/discounts"),
    route("POST", "/api/v2/deals/{id}/discounts"),
    route("PATCH", "/api/v2/deals/{id}/discounts/{key}"),
    route("DELETE", "/api/v2/deals/{id}/discounts/{key}"),
    route("GET", "/api/v2/deals/{id}/followers"),
    route("POST", "/api/v2/deals/{id}/followers"),
    route("GET", "/api/v2/deals/{id}/followers/changelog"),
    route("DELETE", "/api/v2/deals/{id}/followers/{id}"),
    route("POST", "/api/v2/deals/{id}/convert/lead"),
    route("GET", "/api/v2/deals/{id}/convert/status/{key}"),
    route("GET", "/api/v2/dealFields"),
    route("GET", "/api/v2/dealFields/{key}"),
    route("GET", "/api/v2/activities"),
    route("GET", "/api/v2/pipelines"),
    route("GET", "/api/v2/pipelines/{id}"),
    route("GET", "/api/v2/stages"),
    route("GET", "/api/v2/stages/{id}"),
    route("GET", "/api/v2/persons"),
    route("GET", "/api/v2/persons/{id}"),
    route("GET", "/api/v2/organizations"),
    route("GET", "/api/v2/organizations/{id}"),
    route("GET", "/api/v2/products"),
    route("GET", "/api/v2/products/{id}"),
    route("DELETE", "/v1/deals"),
    route("GET", "/v1/deals/collection"),
    route("GET", "/v1/deals/summary"),
    route("GET", "/v1/deals/summary/archived"),
    route("GET", "/v1/deals/timeline"),
    route("GET", "/v1/deals/timeline/archived"),
    route("GET", "/v1/deals/{id}/activities"),
    route("GET", "/v1/deals/{id}/changelog"),
    route("POST", "/v1/deals/{id}/duplicate"),
    route("GET", "/v1/deals/{id}/files"),
    route("GET", "/v1/deals/{id}/flow"),
    route("GET", "/v1/deals/{id}/mailMessages"),
    route("PUT", "/v1/deals/{id}/merge"),
    route("GET", "/v1/deals/{id}/participants"),
    route("POST", "/v1/deals/{id}/participants"),
    route("DELETE", "/v1/deals/{id}/participants/{id}"),
    route("GET", "/v1/deals/{id}/participantsChangelog"),
    route("GET", "/v1/deals/{id}/permittedUsers"),
    route("GET", "/v1/deals/{id}/persons"),
    route("GET", "/v1/notes"),
    route("GET", "/v1/users"),
    route("GET", "/v1/users/me"),
    route("GET", "/v1/currencies"),
];

impl Route {
    /// Returns whether this is the endpoint of a request.
    pub fn matches(&self, method: &Method, path: &str) -> bool {
        *method == self.method && self.has_path(path)
    }

    /// Returns whether a path is of this form.
    fn has_path(&self, path: &str) -> bool {
        let fits = |form: &str, part: &str| match form {
            "{id}" => id(part).is_some(),
            "{key}" => !part.is_empty(),
            _ => form == part,
        };
        let (forms, parts) = (self.path.split('/'), path.split('/'));
        forms.clone().count() == parts.clone().count() && forms.zip(parts).all(|(f, p)| fits(f, p))
    }
}

/// Reads an id in a path. One that is too long for any record becomes the largest there is, which no record has.
pub(super) fn id(part: &str) -> Option<Id> {
    let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| part.parse().unwrap_or(Id::MAX))
}

/// Returns whether a request has an endpoint.
pub(super) fn exists(method: &Method, path: &str) -> bool {
    ROUTES.iter().any(|route| route.matches(method, path))
}

/// Returns whether any method has an endpoint at a path.
pub(super) fn knows(path: &str) -> bool {
    // `/v1/deals` is all gone but for one switch, and no read of it was ever here.
    path != "/v1/deals" && ROUTES.iter().any(|route| route.has_path(path))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{handlers::Endpoint, switches::Switches, v1::Removed},
        *,
    };

    #[test]
    fn every_route_leads_to_an_endpoint() {
        let all = Switches { removed_endpoints: Removed::There, ..Switches::default() };
        for Route { method, path } in ROUTES {
            let path = path.replace("{id}", "7").replace("{key}", "a-b");
            let found = Endpoint::find(&method.parse().unwrap(), &path, &all);
            assert!(found.is_ok(), "{method} {path}: {found:?}");
        }
    }

    #[test]
    fn an_id_has_digits_and_is_cut_to_the_largest() {
        assert_eq!([id("7"), id("007"), id("4294967295")], [Some(7), Some(7), Some(Id::MAX)]);
        assert_eq!([id("4294967296"), id("99999999999999999999")], [Some(Id::MAX); 2]);
        assert_eq!([id(""), id("x"), id("-1"), id("+7"), id("7.0")], [None; 5]);
    }

    #[test]
    fn a_number_is_no_word_and_a_word_no_number() {
        assert!(knows("/api/v2/deals/7") && knows("/api/v2/deals/7/discounts/x"));
        assert!(!knows("/api/v2/deals/x") && !knows("/api/v2/deals/7/discounts/"));
        assert!(!exists(&Method::PUT, "/api/v2/deals/7"));
    }
}
