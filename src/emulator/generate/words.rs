//! What a sales company's data is made of. All names are invented.

pub(super) const FIRST_NAMES: [&str; 24] = [
    "Anna",
    "Björn",
    "Chloé",
    "Dariusz",
    "Émile",
    "Fatima",
    "Göran",
    "Hélène",
    "Iñigo",
    "Jürgen",
    "Katarzyna",
    "Łukasz",
    "Márta",
    "Noor",
    "Ødegaard",
    "Priya",
    "Søren",
    "Tõnu",
    "Ümit",
    "Violeta",
    "Žofia",
    "Мария",
    "佐藤",
    "Αλέξης",
];

pub(super) const LAST_NAMES: [&str; 22] = [
    "Andersson",
    "Bjørk",
    "Çelik",
    "Dvořák",
    "Eriksen",
    "Fischer",
    "García",
    "Horváth",
    "Ivanova",
    "Jõgi",
    "Kowalska",
    "Lefèvre",
    "Müller",
    "Nakamura",
    "O’Brien",
    "Pérez",
    "Rossi",
    "Šimek",
    "Tamm",
    "Väisänen",
    "Weiß",
    "Иванов",
];

/// Contacts that no deal names.
pub(super) const NICKNAMES: [&str; 4] =
    ["Jo \"Jojo\" O'Neil", "渡辺 “ナベ” 健", "Cher", "Dr. Éva Nagy-Szabó, PhD"];

/// Products that no deal has.
pub(super) const FORMER_PRODUCTS: [&str; 3] =
    ["Fax line 1\"", "Sonderposten (2019)", "Seat 'Legacy'"];

pub(super) const COMPANY_STEMS: [&str; 26] = [
    "Alder",
    "Brückner",
    "Cobalt",
    "Delfín",
    "Ekström",
    "Fjord",
    "Granit",
    "Halcyon",
    "Île Bleue",
    "Juniper",
    "Kõrgemäe",
    "Lumière",
    "Møller",
    "Nordwind",
    "Ørsted Bay",
    "Quercus",
    "Riverside",
    "Süd-West",
    "Tallow",
    "Umbra",
    "Vértes",
    "Wolkenkratzer",
    "Yarrow",
    "Zephyr",
    "東京精機",
    "Заря",
];

pub(super) const COMPANY_KINDS: [&str; 10] =
    ["GmbH", "AB", "OÜ", "S.A.", "Ltd", "Inc.", "Logistics", "Foods & Co", "Systems", "Studio"];

pub(super) const SUBJECTS: [&str; 16] = [
    "renewal",
    "pilot",
    "rollout",
    "upsell – 2nd site",
    "maintenance contract",
    "Lizenzverlängerung",
    "audit",
    "migration",
    "training package",
    "framework agreement",
    "proof of concept",
    "support “Gold”",
    "expansion",
    "replacement",
    "tender",
    "subscription 🚀",
];

pub(super) const PIPELINES: [(&str, &[(&str, u8)]); 4] = [
    (
        "New business",
        &[
            ("Lead in", 10),
            ("Contact made", 25),
            ("Demo scheduled", 40),
            ("Proposal", 60),
            ("Negotiation", 80),
        ],
    ),
    ("Renewals", &[("Due", 60), ("Offer sent", 80), ("Verbal yes", 95)]),
    ("Partners", &[("First talk", 15), ("Pilot", 45), ("Contract", 85)]),
    ("Projektgeschäft", &[("Anfrage", 10), ("Aufmaß", 30), ("Angebot", 55), ("Auftrag", 90)]),
];

pub(super) const LOST_REASONS: [&str; 8] = [
    "Price",
    "No decision",
    "Lost to a competitor",
    "Budget frozen",
    "Wrong timing – “next year”",
    "No answer",
    "Missing feature",
    "Kein Bedarf",
];

pub(super) const CHANNEL_IDS: [&str; 4] =
    ["Jun23 Billboards", "Newsletter №7", "Messe Köln", "Webinar: Q3"];

pub(super) const PRODUCTS: [&str; 24] = [
    "Mechanical Pencil",
    "Support plan",
    "Support plan “Gold”",
    "Onboarding workshop",
    "Seat, Starter",
    "Seat, Team",
    "Seat, Enterprise",
    "Datenmigration",
    "Schulung (vor Ort)",
    "Consulting, per hour",
    "Fahrtkosten",
    "API add-on",
    "Sensor X-200",
    "Sensor X-200 / Ersatzteil",
    "Gateway",
    "Câble 3 m",
    "Montage",
    "Wartungsvertrag",
    "Licence perpétuelle",
    "Hosting EU",
    "Backup & Archive",
    "Résumé PDF export",
    "分析レポート",
    "Setup fee",
];

pub(super) const LABELS: [(&str, &str); 6] = [
    ("Hot", "red"),
    ("Warm", "yellow"),
    ("Cold", "blue"),
    ("Renewal", "green"),
    ("Strategic", "purple"),
    ("Café ☕", "brown"),
];

pub(super) const PHRASES: [&str; 12] = [
    "Needs SSO and an EU data residency clause.\nFollow up after the board meeting.",
    "Champion: head of operations; the CFO signs.",
    "Réunion le mardi, rappeler après 14 h.",
    "Wartet auf Freigabe durch die Rechtsabteilung – „eilt nicht“.",
    "Asked for \"volume pricing\"; see e-mail of last week",
    "30% discount promised, 2 years minimum",
    "Tab\there, backslash \\ there",
    "Ожидаем подписания договора",
    "予算は来期まで未定",
    "Integration with their ERP is a must-have 🙂",
    "No blockers",
    "Competitor demo on Friday",
];

pub(super) const ZONES: [&str; 4] =
    ["Europe/London", "Europe/Tallinn", "America/New_York", "Asia/Tokyo"];

/// Street, district, town, region, country, postal code.
pub(super) const PLACES: [[&str; 6]; 6] = [
    ["5th Avenue", "Manhattan", "New York", "New York", "United States", "10036"],
    ["Müllerstraße", "Wedding", "Berlin", "Berlin", "Germany", "13353"],
    ["Rue de l’Église", "15e", "Paris", "Île-de-France", "France", "75015"],
    ["Narva maantee", "Kesklinn", "Tallinn", "Harju maakond", "Estonia", "10117"],
    ["Götgatan", "Södermalm", "Stockholm", "Stockholms län", "Sweden", "118 46"],
    ["神南", "渋谷区", "東京", "東京都", "日本", "150-0041"],
];

/// Name, type, options.
pub(super) const FIELDS: [(&str, super::FieldType, &[&str]); 22] = {
    use super::FieldType as F;
    [
        ("Tender number", F::Varchar, &[]),
        ("Next step", F::Varchar, &[]),
        ("Competitor", F::VarcharAuto, &[]),
        ("Requirements in words", F::Text, &[]),
        ("Phone of buyer", F::Phone, &[]),
        ("Seats", F::Int, &[]),
        ("Discount %", F::Double, &[]),
        ("NDA signed", F::Boolean, &[]),
        ("Budget", F::Monetary, &[]),
        ("Setup fee", F::Monetary, &[]),
        (
            "Customer type",
            F::Enum,
            &["Private person", "Company", "Public sector", "Verein & Stiftung"],
        ),
        ("Priority", F::Enum, &["A", "B", "C"]),
        (
            "Requirements",
            F::Set,
            &["SSO", "EU hosting", "On-premises", "24/7 support", "API access", "Onboarding"],
        ),
        ("Solution engineer", F::User, &[]),
        ("Reseller", F::Org, &[]),
        ("Decision maker", F::People, &[]),
        ("Go-live", F::Date, &[]),
        ("Rollout window", F::DateRange, &[]),
        ("Best time to call", F::Time, &[]),
        ("Maintenance window", F::TimeRange, &[]),
        ("Delivery address", F::Address, &[]),
        // Names need not be unique; only the code is a key.
        ("Budget", F::Double, &[]),
    ]
};
