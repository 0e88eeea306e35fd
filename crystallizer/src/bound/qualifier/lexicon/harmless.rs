//! Words that a person may say beside a deed and that say nothing about which things are meant.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Courtesies, ways of speaking, and how it is to be done.
const HARMLESS: &str = "hi hello hey dear thanks thank thx please pls plz kindly regards cheers sorry ok okay yes yep yeah \
    sure great perfect good wonderful awesome welcome morning afternoon evening bye team folks everyone guys sir madam \
    advance much very so many lot really literally actually obviously naturally course needless basically simply quickly properly carefully completely entirely \
    immediately promptly finally politely gently swiftly accordingly hopefully lastly successfully individually \
    separately respectively together altogether instantly straight directly right away soon asap now today eur euro euros usd dollar dollars gbp pound pounds chf \
    again still already yet currently ever then next afterwards care hand job task thing things stuff matter work step process bit quick done finished \
    fixed sorted handled ready possible correct careful fine enough easy able going gonna gotta get getting got go goes \
    gone let lets made make makes making doing did done know knows mean meant think believe guess hope wants wanted \
    needs needed wish help favour favor asking question how count total number summary result results overview item items entry entries record records row rows element elements too \
    also even sogar else well other others rest up down out off through back along ahead forward rid order way turn time times \
    that's there's what's here's he's she's who's we're they're you're it's it'll that'll i'm i've i'd i'll we'd we'll \
    we've you'd you'll you've etc eg ie \
    danke dank vielen hallo guten tag morgen abend gruß grüße gerne gern mal doch eben halt einfach schnell sofort gleich \
    jetzt heute noch schon bitte sehr ganz alles mach mache machen macht tun erledige erledigen erledigt fertig kannst \
    könntest könnten könnte würdest würde möchte möchten brauche brauchen sich dich dir ihr ihnen dabei damit dazu davon \
    zusammen nacheinander anderen übrigen restlichen hilfe ja liste ab weg zurück";

static ALL: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| HARMLESS.split_whitespace().collect());

/// Whether a word says nothing about which things are meant, wherever it stands.
pub(in crate::bound::qualifier) fn is_harmless(word: &str) -> bool {
    ALL.contains(word)
}

/// Whether a word behind an `as` only says that it was spoken of, or is done so always: `as usual`, `as discussed`.
pub(in crate::bound::qualifier) fn is_usual(word: &str) -> bool {
    matches!(
        word,
        "usual"
            | "usually"
            | "always"
            | "ever"
            | "before"
            | "discussed"
            | "agreed"
            | "planned"
            | "requested"
            | "mentioned"
            | "described"
            | "promised"
            | "said"
            | "expected"
            | "needed"
    )
}

/// Whether a word may belong to the verb before it: `tidy up`, `clean out`.
pub(in crate::bound::qualifier) fn is_particle(word: &str) -> bool {
    matches!(
        word,
        "up" | "down"
            | "out"
            | "off"
            | "away"
            | "through"
            | "over"
            | "along"
            | "ab"
            | "aus"
            | "weg"
    )
}
