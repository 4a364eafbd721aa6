//! Where the emulator and the specifications differ, and why.

use std::collections::BTreeSet;

/// An operation, a member of its answer, and how that differs from what is said of it.
pub(crate) type Finding = (String, String, String);

/// A difference that is known: findings that match it are none.
pub(crate) struct Deviation {
    /// The operation; a `*` stands for anything.
    on: &'static str,
    /// The members, as the pointers that findings show; a `*` stands for anything, a `#` for an id, a place or a code.
    at: &'static [&'static str],
    /// How they differ.
    how: &'static str,
    /// Why that is right.
    why: &'static str,
}

/// What the specifications say against what the reference, its own examples or clients of the live API say.
pub(crate) const DEVIATIONS: &[Deviation] = &[
    Deviation {
        on: "GET *",
        at: &["/additional_data/next_cursor"],
        how: "is null",
        why: "the text of the parameter and the page on pagination say null at the end; most schemas forget it",
    },
    Deviation {
        on: "* /api/v2/deals*",
        at: &[
            "/data*/org_id",
            "/data*/person_id",
            "/data*/stage_change_time",
            "/data*/expected_close_date",
        ],
        how: "is null",
        why: "not every deal has them; the live API sends null",
    },
    Deviation {
        on: "* /api/v2/deals*",
        at: &["/data*/won_time", "/data*/lost_time"],
        how: "is null",
        why: "an open deal was neither won nor lost; the live API sends null",
    },
    Deviation {
        on: "GET /api/v2/deals*",
        at: &["/data/#/value", "/data/items/#/item/value"],
        how: "is null",
        why: "a deal may have no value",
    },
    Deviation {
        on: "GET /api/v2/deals/search",
        at: &["/data/items/#/item/value"],
        how: "is a number with a fraction",
        why: "every other answer says that a value is a number; the schema of a search takes integers only",
    },
    Deviation {
        on: "GET /api/v2/deals*",
        at: &["/data*/labels"],
        how: "is unknown",
        why: "the parameter include_labels asks for it; its text is all that the specification says of it",
    },
    Deviation {
        on: "GET /api/v2/deals/installments",
        at: &["/additional_data"],
        how: "is unknown",
        why: "the endpoint has the parameters limit and cursor, and so must tell of the next page",
    },
    Deviation {
        on: "DELETE /api/v2/deals/{id}/discounts/{key}",
        at: &["/data/id"],
        how: "is a text",
        why: "the id of a discount is a UUID everywhere else, and in the example of this answer",
    },
    Deviation {
        on: "GET /api/v2/deals/{id}/convert/status/{key}",
        at: &["/data/deal_id"],
        how: "is missing",
        why: "the schema is shared with the conversion of leads, which alone makes deals",
    },
    Deviation {
        on: "GET /api/v2/activities",
        at: &[
            "/data/#/attendees/#/user_id",
            "/data/#/conference_meeting_client",
            "/data/#/conference_meeting_id",
            "/data/#/conference_meeting_url",
            "/data/#/lead_id",
            "/data/#/location",
            "/data/#/location/*",
            "/data/#/marked_as_done_time",
            "/data/#/org_id",
            "/data/#/person_id",
            "/data/#/priority",
            "/data/#/project_id",
            "/data/#/public_description",
        ],
        how: "is null",
        why: "an activity needs none of them",
    },
    Deviation {
        on: "GET /api/v2/organizations*",
        at: &["/data/#/address", "/data*/address/*"],
        how: "is null",
        why: "an address is optional, and so are its parts",
    },
    Deviation {
        on: "GET /api/v2/organizations*",
        at: &["/data*/org_id"],
        how: "is missing",
        why: "only the example has it; no schema, no parameter and no other example does",
    },
    Deviation {
        on: "GET /api/v2/persons*",
        at: &["/data*/org_id", "/data*/picture_id"],
        how: "is null",
        why: "a person may be of no organization and have no picture",
    },
    Deviation {
        on: "GET /api/v2/persons*",
        at: &[
            "/data*/postal_address",
            "/data*/notes",
            "/data*/im",
            "/data*/birthday",
            "/data*/job_title",
        ],
        how: "is missing",
        why: "the text of each says that only accounts with contact sync have it; this one has none",
    },
    Deviation {
        on: "GET /api/v2/persons*",
        at: &["/data*_status", "/data*_mail_time"],
        how: "is missing",
        why: "the members of include_fields of a person are checked and add nothing",
    },
    Deviation {
        on: "GET /api/v2/persons*",
        at: &["/data*_count", "/data*_activity_id", "/data*/smart_bcc_email"],
        how: "is missing",
        why: "the members of include_fields of a person are checked and add nothing",
    },
    Deviation {
        on: "GET /api/v2/organizations*",
        at: &["/data*_count", "/data*_activity_id", "/data*/smart_bcc_email"],
        how: "is missing",
        why: "the members of include_fields of an organization are checked and add nothing",
    },
    Deviation {
        on: "GET /v1/deals/summary*",
        at: &["/data/values_total/*", "/data/weighted_values_total/*"],
        how: "is missing",
        why: "the schema forgets that sums are by currency, as the example shows",
    },
    Deviation {
        on: "GET /v1/deals/timeline*",
        at: &["/data"],
        how: "is an array",
        why: "schema and example know one period only; what several look like is a switch",
    },
    Deviation {
        on: "GET /v1/deals/timeline*",
        at: &["/data/#/*"],
        how: "is unknown",
        why: "schema and example know one period only; what several look like is a switch",
    },
    Deviation {
        on: "GET /v1/deals/{id}/*",
        at: &[
            "/additional_data/start",
            "/additional_data/limit",
            "/additional_data/more_items_in_collection",
        ],
        how: "is missing",
        why: "the examples, and the page on pagination, have them inside pagination",
    },
    Deviation {
        on: "GET /v1/deals/{id}/*",
        at: &["/additional_data/pagination/next_start"],
        how: "is unknown",
        why: "the page on pagination has it wherever another page follows",
    },
    Deviation {
        on: "GET /v1/deals/{id}/files",
        at: &["/data/#/activity_id", "/data/#/lead_id", "/data/#/product_id"],
        how: "is null",
        why: "a file of a deal hangs on nothing else",
    },
    Deviation {
        on: "GET /v1/deals/{id}/flow",
        at: &["/related_objects/allOf"],
        how: "is missing",
        why: "a word of the schema that slipped into the example",
    },
    Deviation {
        on: "GET /v1/deals/{id}/flow",
        at: &["/related_objects/organization/#/active_flag"],
        how: "is unknown",
        why: "the example shows it, below the word that slipped in",
    },
    Deviation {
        on: "GET /v1/deals/{id}/mailMessages",
        at: &[
            "/data/#/data/from/#/linked_person_id",
            "/data/#/data/to/#/linked_person_id",
            "/data/#/data/template_id",
        ],
        how: "is null",
        why: "users are no persons, and few mails are made from a template",
    },
    Deviation {
        on: "GET /v1/deals/{id}/mailMessages",
        at: &["/data/#/data/cc", "/data/#/data/bcc"],
        how: "is always empty",
        why: "no mail here has copies",
    },
    Deviation {
        on: "* /v1/deals/{id}/participants",
        at: &["/data*/added_by_user_id/data", "/data*/added_by_user_id/success"],
        how: "is missing",
        why: "the schema has the envelope of a user there; the example has the user",
    },
    Deviation {
        on: "* /v1/deals/{id}/participants",
        at: &["/data*/person_id/company_id", "/data*/person_id/owner_id"],
        how: "is missing",
        why: "the example has neither",
    },
    Deviation {
        on: "GET /v1/notes",
        at: &[
            "/data/#/lead_id",
            "/data/#/org_id",
            "/data/#/organization",
            "/data/#/person",
            "/data/#/person_id",
            "/data/#/project",
            "/data/#/project_id",
            "/data/#/user/icon_url",
        ],
        how: "is null",
        why: "a note of a deal hangs on nothing else, unless the deal does",
    },
    Deviation {
        on: "GET /v1/notes",
        at: &["/data/#/project"],
        how: "is always empty",
        why: "there are no projects here",
    },
    Deviation {
        on: "GET /v1/notes",
        at: &["/data/#/pinned_to_task_flag", "/data/#/task", "/data/#/task_id"],
        how: "is missing",
        why: "the schema knows of tasks, the example does not",
    },
    Deviation {
        on: "* /v1/deals/{id}/*",
        at: &["/data/is_archived"],
        how: "is missing",
        why: "the schema has it, the examples of a merged and of a duplicated deal do not",
    },
    Deviation {
        on: "* /v1/deals/*",
        at: &[
            "/data*/next_activity_*",
            "/data*/stage_change_time",
            "/data*/won_time",
            "/data*/first_won_time",
            "/data*/last_*_mail_time",
        ],
        how: "is null",
        why: "not every deal has a next activity, was moved or won, or has mails",
    },
    Deviation {
        on: "GET /v1/deals/timeline",
        at: &["/data/deals/#/expected_close_date", "/data/deals/#/person_*", "/data/deals/#/org_*"],
        how: "is null",
        why: "not every deal has a customer or is expected",
    },
    Deviation {
        on: "GET /v1/deals/timeline*",
        at: &["/data/deals/#/origin*", "/data/deals/#/channel*"],
        how: "is missing",
        why: "the schema is shared with other answers; the example has none of them",
    },
    Deviation {
        on: "GET /v1/deals/timeline*",
        at: &["/data/totals_converted"],
        how: "is unknown",
        why: "the parameter totals_convert_currency asks for it; its text is all that the specification says of it",
    },
];

impl Deviation {
    pub(crate) fn covers(&self, finding: &Finding) -> bool {
        self.at.iter().any(|pattern| self.is_of(pattern, finding))
    }

    fn is_of(&self, pattern: &str, (on, at, how): &Finding) -> bool {
        self.how == how && glob(self.on, on) && glob(pattern, at)
    }

    /// Returns a line for each member here that none of the findings is about.
    pub(crate) fn unused(&self, found: &BTreeSet<Finding>) -> Vec<String> {
        let is_unused = |pattern: &&&str| !found.iter().any(|finding| self.is_of(pattern, finding));
        let unused = self.at.iter().filter(is_unused);
        unused.map(|at| format!("{}: {at} {} ({})\n", self.on, self.how, self.why)).collect()
    }
}

/// Returns whether `text` is of the form of `pattern`, in which a `*` stands for anything.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|text| {
            text.char_indices().map(|(at, _)| &text[at..]).chain([""]).any(|tail| glob(rest, tail))
        }),
    }
}
