//! Which language words are of, told by its most common words: those of the languages that are read here, and of others
//! beside them, so that what cannot be read is known to be so.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The most common words of languages, those that are read here first.
const LANGUAGES: [&str; 17] = [
    // English
    "the a an of to in on at by for with from and or but not no if when while as than that this these those there here \
     it its it's i i'm i've i'd i'll me my mine you your yours he him his she her we us our they them their who whom \
     whose which what where how why is isn't are aren't was were be been being am do does don't did didn't have has had \
     will would can can't could should shall may might must let let's all any both each every some such only just also \
     too very more most less least other another same so then now still already yet again please thanks thank up down \
     out off over under into about after before between because since until without one two three yes ok okay hi \
     hello dear want need like make sure",
    // German
    "der die das den dem des ein eine einen einem einer eines und oder aber nicht kein keine keinen wenn falls als wie \
     dass daß ob ich du er sie es wir ihr mich dich sich uns euch mir dir ihm ihn ihnen mein meine meinen meiner meinem \
     dein deine sein seine ihre ihren unser unsere euer ist sind war waren bin bist hat habe haben hatte wird werden \
     wurde wurden kann können soll sollen muss müssen darf dürfen will möchte in im an am auf aus bei mit von vom zu \
     zum zur für um über unter vor nach seit bis durch gegen ohne alle allen aller alles jede jeden jeder jedes diese \
     diesen dieser dieses dies welche welcher deren dessen nur auch noch schon sehr so dann da hier dort jetzt bitte \
     danke vielen ja nein was wer wo wann warum mehr weniger etwas nichts außer",
    // French
    "le la les un une des du de au aux et ou mais ne pas plus que qui quoi dont où ce cette ces cet mon ma mes ton ta \
     tes son sa ses notre nos votre vos leur leurs je tu il elle on nous vous ils elles est sont était étaient être \
     avoir ai as avez ont fait dans en sur sous avec sans pour par chez entre depuis avant après tous toutes tout toute \
     chaque si sauf très aussi comme bien moins",
    // Spanish
    "el la los las un una unos unas de del al y o pero no si que quien cuyo este esta estos estas ese esa esos esas mi \
     mis tu tus su sus nuestro nuestra yo tú él ella nosotros ellos es son era fue está están ser estar hay ha han he \
     en con sin por para sobre entre desde hasta todos todas todo toda cada muy más menos también como cuando donde \
     porque se lo le les me te nos salvo excepto",
    // Italian
    "il lo la i gli le un uno una di del della dei delle degli dello al alla ai alle agli da dal dalla dai in nel nella \
     nei con su sul sulla per tra fra e ed o ma non se che chi cui questo questa questi queste quello quella mio mia \
     miei tuo suo sua suoi io tu lui lei noi voi loro è sono era erano ha hanno ho essere tutti tutte tutto tutta ogni \
     più meno anche come quando dove perché si mi ti ci vi tranne",
    // Portuguese
    "o a os as um uma uns umas de do da dos das no na nos nas ao aos à às em com sem por para pelo pela e ou mas não se \
     que quem este esta estes estas esse essa isso meu minha meus minhas seu sua seus suas eu tu ele ela nós eles elas \
     é são era foi está estão ser ter tem há todos todas todo toda cada muito mais menos também como quando onde porque \
     exceto",
    // Dutch
    "de het een en of maar niet geen als dat die dit deze wie wat waar ik jij je u hij zij ze wij we jullie mijn jouw uw \
     zijn haar ons onze hun is was waren ben bent heb hebt heeft hebben had wordt worden kan kunnen moet moeten zal wil \
     van in op aan met voor door over onder na naar bij uit om te tot sinds zonder alle elke iedere alles dan er ook \
     nog al wel meer minder ouder alleen behalve",
    // Polish
    "i w z na do od po za o u dla bez przez pod nad przed między oraz albo lub ale nie tak czy jeśli gdy że który która \
     które którzy których ten ta to te ci tych jest są był była było były być ma mają mój moja moje moich się mnie ja \
     ty on ona my wy oni wszystkie wszystkich wszystko każdy każde bardzo więcej mniej niż też tylko oprócz",
    // Swedish
    "och eller men inte att som den det de ett en jag du han hon vi ni mig dig sig min mitt mina din ditt dina är var \
     varit har hade ska skall kan måste vill till från med utan för på av om i under över efter före alla allt varje \
     mer mindre än också bara förutom",
    // Danish and Norwegian
    "og eller men ikke at som der den det de et en jeg du han hun vi mig meg dig deg sig seg min mit mitt mine din er var \
     har havde hadde skal kan må vil til fra med uten uden for på av af om i under over efter etter før alle alt hver \
     mer mere mindre end enn også kun bare unntatt undtagen",
    // Czech and Slovak
    "a i v ve z ze na do od po za o u pro bez přes pod nad před mezi nebo ale ne je jsou byl byla bylo být má mají \
     který která které kteří že když pokud ten ta to ty můj moje se si mi já on ona my oni všechny všechna všech každý \
     velmi více méně než také jen kromě sú všetky ktoré alebo",
    // Turkish
    "ve veya ama değil ile için bu şu o bir tüm bütün her daha çok en az gibi kadar sonra önce olan olarak var yok mi \
     mı mu ben sen biz siz onlar benim lütfen hariç",
    // Romanian
    "și sau dar nu dacă care ce acest această acești aceste un o niște de la din în pe cu fără pentru prin este sunt \
     era au are fi toate toți tot fiecare mai mult decât",
    // Hungarian
    "a az egy és vagy de nem ha hogy aki ami amely ez azok ezek minden összes is csak több mint van nincs volt lesz \
     kivéve",
    // Finnish
    "ja tai mutta ei jos että joka jotka jonka tämä nämä se ne on ovat oli olla kaikki yli alle ennen jälkeen paitsi \
     vain myös minä sinä hän me he",
    // Indonesian and Malay
    "yang dan di ke dari untuk dengan atau tidak bukan jika semua ini itu adalah saya kamu dia kami mereka lebih \
     kecuali tanpa pada",
    // Vietnamese
    "và hoặc nhưng không nếu là của các những này đó cho với từ đến trong trên dưới tôi bạn tất cả được có mỗi trừ hơn",
];

/// How many of them are read here.
const READ: usize = 2;

/// The words of courtesy of languages that are not read here: a sentence of nothing else asks for nothing.
const COURTESY: &str = "merci bonjour bonsoir salut cordialement d'avance avance beaucoup s'il plaît plait svp gracias hola \
    buenos buenas días tardes saludos favor muchas grazie mille ciao buongiorno saluti prego obrigado obrigada olá bom \
    dia dank bedankt hallo groeten alstublieft alsjeblieft dziękuję proszę witam cześć pozdrawiam tack hej tak hilsen \
    takk vennlig děkuji prosím dobrý den teşekkürler merhaba mulțumesc köszönöm kiitos terima kasih oui sí";

/// Words by which other languages make something hang on a condition, turn it round or take away from it.
const HANGING: &str = "si sauf sinon seulement ne n'est n'a pas non sans après avant quand lorsque dès jusqu'à moins no salvo \
    excepto solo sólo sin antes después cuando hasta menos se tranne solo soltanto senza prima dopo quando finché \
    não exceto somente apenas sem até als indien tenzij niet geen alleen behalve zonder voordat nadat zodra tot \
    jeśli jeżeli nie tylko oprócz bez gdy dopóki om inte bara endast utan innan efter förutom hvis ikke kun uten uden \
    før når pokud jestli ne jen bez než kromě eğer değil sadece hariç sonra önce dacă nu doar fără ha nem csak kivéve \
    jos ei vain paitsi jika tidak hanya kecuali nếu không chỉ trừ";

/// How often words of each language stand in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::bound::qualifier) struct Score {
    /// Of the language that is read here and has the most.
    pub(in crate::bound::qualifier) read: usize,
    /// Of the other that has the most.
    pub(in crate::bound::qualifier) other: usize,
}

/// Counts the common words of each language.
pub(in crate::bound::qualifier) fn score<'w>(words: impl Iterator<Item = &'w str>) -> Score {
    let mut counts = [0_usize; LANGUAGES.len()];
    for word in words {
        let languages = COMMON.get(word).copied().unwrap_or(0) | elided(word);
        for (at, count) in counts.iter_mut().enumerate() {
            *count += usize::from(languages & 1 << at != 0);
        }
    }
    let (read, others) = counts.split_at(READ);
    let most = |all: &[usize]| all.iter().copied().max().unwrap_or(0);
    Score {
        read: most(read),
        other: most(others),
    }
}

/// Whether a word is one of courtesy in a language that is not read here.
pub(in crate::bound::qualifier) fn is_foreign_courtesy(word: &str) -> bool {
    COURTESY.split_whitespace().any(|known| known == word)
}

/// Whether a word of a language that is not read here may make something hang on a condition.
pub(in crate::bound::qualifier) fn hangs_elsewhere(word: &str) -> bool {
    HANGING.split_whitespace().any(|known| known == word)
}

/// Whether a word is written with letters of no language that is read here.
pub(in crate::bound::qualifier) fn is_of_another_script(word: &str) -> bool {
    let letters = || word.chars().filter(|c| c.is_alphabetic());
    let other = letters().filter(|c| *c > '\u{24f}' && !matches!(c, '\u{1e00}'..='\u{1eff}'));
    other.count() * 2 > letters().count()
}

/// The languages by which common words are known.
static COMMON: LazyLock<HashMap<&'static str, u32>> = LazyLock::new(|| {
    let mut all: HashMap<&'static str, u32> = HashMap::new();
    for (at, words) in LANGUAGES.iter().enumerate() {
        for word in words.split_whitespace() {
            *all.entry(word).or_default() |= 1 << at;
        }
    }
    all
});

/// The languages in which a word begins with one that lost its last letter: `d'anna`, `dell'ordine`.
fn elided(word: &str) -> u32 {
    const FRENCH: u32 = 1 << 2;
    const ITALIAN: u32 = 1 << 4;
    let Some((first, rest)) = word.split_once('\'') else {
        return 0;
    };
    if rest.chars().count() < 2 || matches!(rest, "ll" | "re" | "ve") {
        return 0;
    }
    match first {
        "l" => FRENCH | ITALIAN,
        "d" | "n" | "s" | "c" | "j" | "m" | "t" | "qu" | "jusqu" | "lorsqu" => FRENCH,
        "dell" | "all" | "nell" | "sull" | "dall" | "un" | "quest" | "tutt" => ITALIAN,
        _ => 0,
    }
}
