//! The specifications: what they say an answer is, and which members they know.

use std::{collections::BTreeSet, fs, path::Path};

use jsonschema::{Draft, ValidationError, Validator, error::ValidationErrorKind};
use serde_json::{Map, Value as Json, json};

/// The trimmed specification of a version of the API, with its examples.
pub(crate) struct Spec {
    paths: Json,
    examples: Json,
    base: &'static str,
}

/// What is said of one operation: a member of `paths`.
#[derive(Clone, Copy)]
pub(crate) struct Said<'a> {
    responses: &'a Map<String, Json>,
    examples: &'a Json,
}

fn read(name: &str) -> Json {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openapi");
    serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

/// Returns a path with `{}` for whatever it names in braces.
fn form(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

impl Spec {
    pub(crate) fn both() -> [Self; 2] {
        [("v1", "/v1"), ("v2", "/api/v2")].map(|(version, base)| Self {
            paths: read(&format!("{version}.json"))["paths"].take(),
            examples: read(&format!("examples-{version}.json")),
            base,
        })
    }

    /// Returns what is said of `GET /api/v2/deals/{id}` and its like.
    pub(crate) fn operation(&self, name: &str) -> Option<Said<'_>> {
        let (method, path) = name.split_once(' ').unwrap();
        let wanted = form(path.strip_prefix(self.base)?);
        let (path, methods) =
            self.paths.as_object().unwrap().iter().find(|(path, _)| form(path) == wanted)?;
        let responses = methods[method.to_lowercase()].as_object()?;
        Some(Said { responses, examples: &self.examples[format!("{method} {path}")] })
    }
}

impl<'a> Said<'a> {
    pub(crate) fn schema(self, status: u16) -> Option<&'a Json> {
        self.responses.get(&status.to_string())
    }

    /// Returns the official answers of a status.
    pub(crate) fn examples(self, status: u16) -> &'a [Json] {
        self.examples[status.to_string()].as_array().map_or(&[], Vec::as_slice)
    }

    /// Returns the status of success.
    pub(crate) fn success(self) -> u16 {
        let mut codes = self.responses.keys().filter_map(|code| code.parse().ok());
        codes.find(|code| (200..300).contains(code)).unwrap()
    }

    /// Returns the names of all members that a successful answer may have.
    pub(crate) fn names(self) -> Names {
        let (mut names, success) = (Names::default(), self.success());
        names.declare(self.schema(success).unwrap(), "");
        for example in self.examples(success) {
            names.observe(example, "");
        }
        let is_list = names.known.iter().any(|at| at.starts_with("/data/#/"));
        let row = if is_list { "/data/#" } else { "/data" };
        let optional = self.responses.get("include_fields").and_then(Json::as_array);
        for name in optional.into_iter().flatten().map(|name| name.as_str().unwrap()) {
            names.known.insert(match name.split_once('.') {
                // A search finds deals and says so.
                Some(("deal", name)) => format!("/data/items/#/item/{name}"),
                _ => format!("{row}/{name}"),
            });
        }
        names
    }
}

/// Compiles a schema of OpenAPI 3.0, whose `nullable` JSON Schema does not know. Of the drafts this one knows all its
/// formats; what it reads otherwise, `trim.py` refuses.
pub(crate) fn validator(schema: &Json) -> Validator {
    let options =
        jsonschema::options().with_draft(Draft::Draft201909).should_validate_formats(true);
    options.build(&with_nulls(schema)).unwrap()
}

fn with_nulls(schema: &Json) -> Json {
    match schema {
        Json::Array(items) => items.iter().map(with_nulls).collect(),
        Json::Object(members) => {
            let mut plain = Map::new();
            for (key, value) in members {
                // Names that the API uses are no words of the schema, whatever they are.
                let value = match (key.as_str(), value) {
                    ("nullable", _) => continue,
                    ("properties", Json::Object(named)) => {
                        named.iter().map(|(name, it)| (name.clone(), with_nulls(it))).collect()
                    }
                    _ => with_nulls(value),
                };
                plain.insert(key.clone(), value);
            }
            if members.get("nullable") == Some(&Json::Bool(true)) {
                return json!({"anyOf": [{"type": "null"}, plain]});
            }
            Json::Object(plain)
        }
        other => other.clone(),
    }
}

/// Says where an answer breaks its schema, and how.
pub(crate) fn breaches(error: &ValidationError<'_>) -> Vec<(String, String)> {
    let mut at = general(&error.instance_path().to_string());
    let how = match error.kind() {
        _ if error.instance().is_null() => "is null".to_owned(),
        // One of the two branches that `nullable` became; the other is the one meant.
        ValidationErrorKind::AnyOf { context } => {
            let inner = context.iter().flatten().filter(|inner| !is_null_type(inner));
            let inner = inner.flat_map(breaches).collect::<Vec<_>>();
            assert!(!inner.is_empty(), "{at} fits no branch, for no reason");
            return inner;
        }
        ValidationErrorKind::Required { property } => {
            at = format!("{at}/{}", property.as_str().unwrap());
            "is missing".to_owned()
        }
        ValidationErrorKind::Enum { .. } => format!("is {}", error.instance()),
        ValidationErrorKind::Format { format } => format!("is no {format}"),
        ValidationErrorKind::Type { .. } => format!("is {}", type_of(error.instance())),
        other => format!("breaks {}", other.keyword()),
    };
    vec![(at, how)]
}

fn is_null_type(error: &ValidationError<'_>) -> bool {
    error.schema_path().to_string().ends_with("anyOf/0/type")
}

fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(number) if number.is_f64() => "a number with a fraction",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

/// Returns a pointer with `#` for places in an array and for names that are data: ids, codes of custom fields and of
/// currencies, and what the descriptions write for them (`DEAL_ID`).
fn general(pointer: &str) -> String {
    let part = |part: &str| {
        let is = |test: fn(char) -> bool| !part.is_empty() && part.chars().all(test);
        let code = part.len() == 40 && is(|c| c.is_ascii_hexdigit());
        let data = code || is(|c| c.is_ascii_digit()) || is(|c| c.is_ascii_uppercase() || c == '_');
        if data { "#".to_owned() } else { part.to_owned() }
    };
    pointer.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Names of members, as general pointers.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) known: BTreeSet<String>,
    /// Where anything may stand.
    pub(crate) free: BTreeSet<String>,
}

impl Names {
    /// Adds the names that a schema declares.
    pub(crate) fn declare(&mut self, schema: &Json, at: &str) {
        for word in ["allOf", "oneOf", "anyOf"] {
            for part in schema[word].as_array().into_iter().flatten() {
                self.declare(part, at);
            }
        }
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            let at = general(&format!("{at}/{name}"));
            self.declare(inner, &at);
            self.known.insert(at);
        }
        self.declare_items(schema, at);
        let open = schema.get("additionalProperties").is_some_and(|open| *open != json!(false));
        let bare = schema["type"] == "object"
            && ["properties", "allOf", "oneOf"].iter().all(|word| schema.get(word).is_none());
        if open || bare {
            self.free.insert(at.to_owned());
        }
    }

    fn declare_items(&mut self, schema: &Json, at: &str) {
        if let Some(items) = schema.get("items") {
            self.declare(items, &format!("{at}/#"));
        }
    }

    /// Adds the names that an answer has.
    pub(crate) fn observe(&mut self, answer: &Json, at: &str) {
        match answer {
            Json::Array(items) => {
                for item in items {
                    self.observe(item, &format!("{at}/#"));
                }
            }
            Json::Object(members) => {
                for (name, value) in members {
                    let at = general(&format!("{at}/{name}"));
                    self.observe(value, &at);
                    self.known.insert(at);
                }
            }
            _ => {}
        }
    }

    /// Returns whether an answer may say that another page follows.
    pub(crate) fn are_of_pages(&self) -> bool {
        ["/additional_data/next_cursor", "/additional_data/pagination/start"]
            .iter()
            .any(|at| self.known.contains(*at))
    }

    fn is_free(&self, at: &str) -> bool {
        self.free.iter().any(|free| at.strip_prefix(free).is_some_and(|rest| rest.starts_with('/')))
    }

    /// Returns the names here that `other` lacks, without what is below a name that it lacks already.
    pub(crate) fn without(&self, other: &Self) -> Vec<String> {
        let lacks = |at: &str| !other.known.contains(at) && !other.is_free(at) && !self.is_free(at);
        let is_top = |at: &str| above(at).is_none_or(|up| !lacks(up));
        self.known.iter().filter(|at| lacks(at) && is_top(at)).cloned().collect()
    }

    /// Returns whether there are names below this one.
    fn is_filled(&self, at: &str) -> bool {
        let mut names = self.known.iter();
        names.any(|name| name.strip_prefix(at).is_some_and(|rest| rest.starts_with('/')))
    }

    /// Says what of these names an answer with the names `seen` lacks.
    pub(crate) fn lacking(&self, seen: &Self) -> BTreeSet<(String, String)> {
        let lacking = self.without(seen).into_iter().map(|at| match above(&at) {
            Some(up) if !seen.is_filled(up) => (up.to_owned(), "is always empty".to_owned()),
            _ => (at, "is missing".to_owned()),
        });
        lacking.collect()
    }
}

/// Returns the name of the object or of the array of objects that a member is in.
fn above(at: &str) -> Option<&str> {
    let (mut up, _) = at.rsplit_once('/')?;
    while let Some(array) = up.strip_suffix("/#") {
        up = array;
    }
    Some(up).filter(|up| !up.is_empty())
}

#[test]
fn null_fits_where_a_schema_says_nullable_and_what_else_is_wrong_is_found() {
    let object = json!({"type": "object", "nullable": true, "properties": {
        "id": {"type": "string", "format": "uuid"}, "day": {"type": "string", "format": "date"},
        "value": {"type": "number", "nullable": true}, "nullable": {"type": "boolean"},
    }});
    let validator = validator(&json!({"type": "array", "items": object}));
    let breaches = |answer: Json| {
        let found = validator.iter_errors(&answer).flat_map(|error| breaches(&error));
        found.map(|(at, how)| format!("{at} {how}")).collect::<BTreeSet<_>>()
    };
    let id = "35b0d604-eb0d-42d0-be11-eac8832051f0";
    let right = json!([null, {"id": id, "day": "2026-02-03", "value": null, "nullable": true}]);
    assert_eq!(breaches(right), BTreeSet::new());
    let wrong = json!([{"id": "7", "day": "2026-02-31", "value": "1", "nullable": null}, 7]);
    let expected = [
        "/# is a number",
        "/#/day is no date",
        "/#/id is no uuid",
        "/#/nullable is null",
        "/#/value is a text",
    ];
    assert_eq!(breaches(wrong), expected.map(str::to_owned).into());
}
