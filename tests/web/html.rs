//! Just enough of HTML to find what a page says.

use std::collections::BTreeMap;

/// Elements that have no end.
const VOID: [&str; 3] = ["br", "link", "meta"];

/// A number on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) metric: String,
    pub(crate) of: String,
    pub(crate) value: String,
}

/// What a page says.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) figures: Vec<Figure>,
    /// The text that is neither a figure nor a time nor a name of the CRM's.
    pub(crate) plain: String,
    /// All elements, with their attributes.
    pub(crate) elements: Vec<(String, BTreeMap<String, String>)>,
}

impl Page {
    pub(crate) fn read(html: &str) -> Self {
        let (mut page, mut open, mut rest) = (Self::default(), Vec::<(String, bool)>::new(), html);
        while let Some(begin) = rest.find('<') {
            if !open.iter().any(|(_, exempt)| *exempt) {
                page.plain.push_str(&rest[..begin]);
                page.plain.push('\n');
            }
            let end = begin + rest[begin..].find('>').expect("a tag ends");
            let tag = &rest[begin + 1..end];
            rest = &rest[end + 1..];
            if let Some(name) = tag.strip_prefix('/') {
                let (opened, _) = open.pop().expect("what ends has begun");
                assert_eq!(opened, name, "elements are nested");
            } else if !tag.starts_with('!') {
                let (name, attributes) = parse(tag);
                if !VOID.contains(&name.as_str()) {
                    let told = attributes.contains_key("data-value");
                    open.push((
                        name.clone(),
                        told || ["time", "title", "bdi", "style"].contains(&&*name),
                    ));
                }
                page.element(name, attributes);
            }
        }
        assert_eq!(open, [], "everything ends");
        page
    }

    fn element(&mut self, name: String, attributes: BTreeMap<String, String>) {
        let get = |key: &str| attributes.get(key).cloned();
        if let Some(metric) = get("data-metric") {
            let (of, value) = (get("data-of").unwrap_or_default(), get("data-value"));
            self.figures.push(Figure { metric, of, value: value.expect("a metric has a value") });
        }
        self.elements.push((name, attributes));
    }
}

fn parse(tag: &str) -> (String, BTreeMap<String, String>) {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    let mut attributes = BTreeMap::new();
    while let Some((key, after)) = rest.split_once("=\"") {
        let (value, after) = after.split_once('"').expect("a value ends");
        attributes.insert(key.trim().to_owned(), plain(value));
        rest = after;
    }
    (name.to_owned(), attributes)
}

/// Undoes the escaping.
pub(crate) fn plain(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
