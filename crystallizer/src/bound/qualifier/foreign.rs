//! Sentences in languages whose words are not known here. What they leave out or make a condition cannot be read, so
//! somebody is asked what becomes of it.

use super::lexicon as l;
use super::sentence::Sentence;

/// From how many words on a sentence without a single known word is one of another language.
const UNKNOWN: usize = 3;
/// Of how many words of a longer sentence one at least is known, in a language that is read.
const SPARSE: usize = 8;
/// How many words a sentence has to have for that.
const LONG: usize = 8;

/// The sentences of a text that are in no language that is read here. `known` says of a word that it is a name for
/// something here, and no word of a language; `part` gives what stands in the text.
pub(super) fn foreign<'s>(
    text: &[&'s Sentence],
    known: impl Fn(&str) -> bool,
    part: impl Fn(usize, usize) -> String,
) -> Vec<&'s Sentence> {
    let spoken: Vec<Vec<&str>> = text
        .iter()
        .map(|sentence| {
            sentence
                .iter()
                .enumerate()
                .filter(|(at, token)| {
                    // A name is no word of a language.
                    let capital = part(token.start, token.end)
                        .chars()
                        .next()
                        .is_some_and(char::is_uppercase);
                    (*at == 0 || !capital)
                        && (l::is_of_another_script(&token.word)
                            || token
                                .word
                                .chars()
                                .all(|c| c.is_alphabetic() || matches!(c, '\'' | '-')))
                })
                .map(|(_, token)| token.word.as_str())
                .filter(|word| !known(word))
                .collect()
        })
        .collect();
    let whole = read_words(spoken.iter().flatten().copied());
    let all: usize = spoken.iter().map(Vec::len).sum();
    let mostly_read = whole.0 >= whole.1 && whole.0 * SPARSE > all;
    text.iter()
        .zip(&spoken)
        .filter(|(_, words)| is_foreign(words, mostly_read))
        .map(|(sentence, _)| *sentence)
        .collect()
}

/// How many words are known in a language that is read, and how many in the other that has the most.
fn read_words<'w>(words: impl Iterator<Item = &'w str> + Clone) -> (usize, usize) {
    let common = l::score(words.clone());
    let verbs = words.filter(|word| {
        l::score(std::iter::once(*word)).read == 0
            && (l::is_verb(word) || l::is_any_deed(word) || l::is_harmless(word))
    });
    (common.read + verbs.count(), common.other)
}

fn is_foreign(words: &[&str], mostly_read: bool) -> bool {
    let others = words.iter().filter(|word| l::is_of_another_script(word));
    let letters: usize = others.clone().map(|word| word.chars().count()).sum();
    if letters >= UNKNOWN && others.count() * 2 >= words.len() {
        return true;
    }
    if words.len() < 2 || words.iter().all(|word| l::is_foreign_courtesy(word)) {
        return false;
    }
    let (read, other) = read_words(words.iter().copied());
    if other > read {
        return other >= 2 || !mostly_read;
    }
    if mostly_read {
        return false;
    }
    read == 0 && words.len() >= UNKNOWN || words.len() >= LONG && read * SPARSE < words.len()
}

#[cfg(test)]
mod tests {
    use super::foreign;
    use crate::bound::qualifier::sentence::sentences;

    fn is_foreign(text: &str) -> bool {
        let all = sentences(text);
        let all: Vec<_> = all.iter().collect();
        !foreign(
            &all,
            |word| matches!(word, "ticket" | "tickets" | "w4817"),
            |from, to| text[from..to].to_owned(),
        )
        .is_empty()
    }

    #[test]
    fn what_is_in_a_language_that_is_not_read() {
        for text in [
            "Ferme tous les tickets de plus de 30 jours.",
            "Fermez toutes les demandes sauf celles d'Anna.",
            "Cierra todos los tickets que no sean urgentes.",
            "Cancela el pedido W4817 si no ha sido enviado.",
            "Chiudi tutti i ticket tranne quelli urgenti.",
            "Annulla l'ordine W4817 se non è stato spedito.",
            "Feche todos os tickets com mais de 30 dias.",
            "Sluit alle tickets die ouder zijn dan 30 dagen, behalve die van Anna.",
            "Zamknij wszystkie zgłoszenia starsze niż 30 dni.",
            "Stäng alla ärenden som är äldre än 30 dagar.",
            "Luk alle sager der er ældre end 30 dage.",
            "Zavři všechny tikety starší než 30 dní.",
            "30 günden eski tüm biletleri kapat.",
            "Închide toate tichetele mai vechi de 30 de zile.",
            "Zárd le az összes 30 napnál régebbi jegyet.",
            "Sulje kaikki yli 30 päivää vanhat tiketit.",
            "Tutup semua tiket yang lebih dari 30 hari.",
            "Закрой все заявки старше 30 дней.",
            "Κλείσε όλα τα αιτήματα εκτός από τα επείγοντα.",
            "关闭所有超过三十天的工单。",
            "30日以上前のチケットをすべて閉じてください。",
            "أغلق جميع التذاكر الأقدم من 30 يومًا.",
        ] {
            assert!(is_foreign(text), "{text}");
        }
    }

    #[test]
    fn what_is_read() {
        for text in [
            "Close all tickets.",
            "Close tickets older than 30 days.",
            "Archive stale newsletters.",
            "Mia Li, 12345 Boston",
            "El Paso, La Paz and San José de la Sierra are the cities.",
            "wireless earbuds black",
            "Hi! I want the wireless earbuds. Thanks, la petite boutique",
            "Schließe alle Tickets, die älter als 30 Tage sind.",
            "Schließe bitte die Tickets von Anna",
            "Storniere die Bestellung W4817, falls sie nicht versandt ist.",
            "Merci beaucoup",
            "Gracias",
            "yes",
            "asap pls",
            "I live in São Paulo.",
        ] {
            let wireless = text.starts_with("wireless");
            assert_eq!(is_foreign(text), wireless, "{text}");
        }
    }
}
