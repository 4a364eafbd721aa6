//! Makes a story that ends badly as short as it can be.

use crate::story::Story;

/// Returns the shortest story to be found that still `fails`.
pub(crate) fn shrink(story: Story, fails: &dyn Fn(&Story) -> bool) -> Story {
    let mut best = story;
    loop {
        let Some(shorter) = shorter(&best).into_iter().find(|story| fails(story)) else {
            return best;
        };
        best = shorter;
    }
}

/// Returns all stories that lack one thing.
fn shorter(story: &Story) -> Vec<Story> {
    let mut all = Vec::new();
    let mut without = |take: &dyn Fn(&mut Story)| {
        let mut one = story.clone();
        take(&mut one);
        all.push(one);
    };
    for place in 0..story.chapters.len() {
        without(&|story| drop(story.chapters.remove(place)));
    }
    for place in 0..story.source.len() {
        without(&|story| {
            story.source.remove(place);
        });
    }
    if story.mirror.reference {
        without(&|story| story.mirror.reference = false);
    }
    if story.mirror.children.is_some() {
        without(&|story| story.mirror.children = None);
    }
    for (place, chapter) in story.chapters.iter().enumerate() {
        if chapter.dies.is_some() {
            without(&|story| story.chapters[place].dies = None);
        }
        for event in 0..chapter.before.len() {
            without(&|story| drop(story.chapters[place].before.remove(event)));
        }
        for event in 0..chapter.meanwhile.len() {
            without(&|story| drop(story.chapters[place].meanwhile.remove(event)));
        }
    }
    all
}
