//! Sentences in languages that the templates do not know: each gets an apology in its own language.

use std::collections::BTreeSet;

/// The apology in German, which is no answer where German is understood.
pub(super) const NO_GERMAN: &str = "Ich verstehe leider nur Englisch.";

/// A language recognized by its commonest short words.
struct Language {
    /// The apology.
    apology: &'static str,
    /// Words that are common in it and rare or absent in English, in lower case, separated by
    /// blanks.
    words: &'static str,
}

/// The languages recognized by their words. A word may be in several lists; the list with the most
/// words of a sentence wins.
const LANGUAGES: &[Language] = &[
    Language {
        apology: NO_GERMAN,
        words: "der die das und ist wie wer wo wann warum welche welcher welches ich du er sie wir ihr \
            nicht kein keine ein eine einen einem einer mir mich dir dich uns für mit auf aus bei \
            nach von zu zum zur im am um heute morgen gestern jetzt bitte danke hallo guten wetter \
            uhr spät stelle stell mach mache licht wecker minuten stunden kannst kann bist hast \
            habe wird sind deutsch erzähl erzähle spiel spiele musik wieviel viel geht dem den des \
            als auch noch schon oder aber wenn dass ja nein",
    },
    Language {
        apology: "Désolé, je ne comprends que l'anglais.",
        words: "le la les un une des du de et est sont je tu il elle nous vous ils ne pas que qui quoi \
            quel quelle quels quelles où quand comment pourquoi combien mon ma mes ton ta dans sur \
            avec pour par au aux à heure temps météo demain hier aujourd'hui maintenant merci \
            bonjour bonsoir salut fait-il mets mettez allume éteins lumière réveil réveille \
            minuteur minutes heures peux peut ce cette moi toi joue raconte musique fait oui non \
            s'il c'est plaît ça va",
    },
    Language {
        apology: "Lo siento, solo entiendo inglés.",
        words: "el la los las un una unos y es son está yo tú que qué quién cuál dónde cuándo cómo por \
            para con sin de del al en mi tu su me te se lo no hora tiempo mañana ayer hoy ahora \
            gracias hola buenos buenas días noches pon ponme poner enciende apaga luz luces alarma \
            temporizador minutos horas puedes puede hace cuánto cuántos favor música reproduce \
            cuéntame chiste como cual donde estás eres dime clima sí",
    },
    Language {
        apology: "Mi dispiace, capisco solo l'inglese.",
        words: "il lo la gli le un una uno e è sono che chi cosa quale dove quando come perché quanto \
            quanti di del della dei delle da in con su per tra mi ti si ci non ora ore tempo domani \
            ieri oggi adesso grazie ciao buongiorno buonasera imposta metti accendi spegni luce \
            luci sveglia svegliami minuti puoi può fa che musica raccontami favore sei stai dimmi \
            questo questa sì alle alla nel",
    },
    Language {
        apology: "Sorry, ik versta alleen Engels.",
        words: "de het een en is zijn ik jij je hij zij wij we niet geen wat wie waar wanneer hoe \
            waarom welke welk mijn jouw van voor met op in naar bij uit om aan te laat weer morgen \
            gisteren vandaag nu dank bedankt hallo goedemorgen zet doe licht wekker minuten uur kun \
            kan kunt ben bent heeft hebt speel muziek vertel mij alsjeblieft graag ja nee dit dat \
            deze hoeveel wordt",
    },
    Language {
        apology: "Desculpe, só entendo inglês.",
        words: "o a os as um uma e é são está eu você ele ela nós que quem qual onde quando como por \
            porque quanto quantos de do da dos das em no na com sem para meu minha seu sua não sim \
            horas tempo amanhã ontem hoje agora obrigado obrigada olá bom boa dia noite liga ligar \
            ligue apaga apague desliga luz luzes alarme minutos pode podes música toca toque conta \
            piada coloca coloque favor me às ao previsão",
    },
    Language {
        apology: "Przepraszam, rozumiem tylko po angielsku.",
        words: "jest są jak co kto gdzie kiedy dlaczego który która która nie tak się na w z do od po \
            przez dla mi mnie mój moja ty ja my wy i oraz ale czy jutro wczoraj dzisiaj dziś teraz \
            dziękuję cześć dzień dobry proszę godzina godzinę pogoda ustaw włącz wyłącz światło \
            budzik minutnik minut minuty godzin możesz ile jaka jaki jakie muzykę opowiedz zagraj \
            będzie",
    },
    Language {
        apology: "Förlåt, jag förstår bara engelska.",
        words: "och är jag du han hon vi det den ett inte vad vem var när hur varför vilken min mitt på \
            i med för till från av om som klockan vädret väder imorgon igår idag nu tack hej ställ \
            sätt tänd släck lampan väck minuter timmar kan spela musik berätta mycket blir god",
    },
    Language {
        apology: "Üzgünüm, yalnızca İngilizce anlıyorum.",
        words: "ve bir bu şu ne kim nerede zaman nasıl neden hangi kaç saat hava yarın dün bugün şimdi \
            teşekkürler merhaba günaydın lütfen dakika için ile değil var yok ben sen biz siz bana \
            kur aç kapat ışığı ışıkları müzik çal anlat mı mi mu mü durumu olacak çok",
    },
];

/// English words that are also in lists above, or that other languages do not begin a sentence
/// with.
const ENGLISH: &str = "the a an and is are was were i you he she it we they me my your his her our their not \
    no what who where when how why which of for with on in at to from by or but if that \
    this these those do does did can could will would should have has had be been am an as \
    so up out about tell please set turn play show there here now then all any some one \
    time day make get let more order find call send open read write say sing want need like \
    know";

/// An apology in the language of `text`; `None` if that is English or cannot be recognized.
pub(super) fn apology(text: &str) -> Option<&'static str> {
    by_script(text).or_else(|| by_words(text))
}

/// Whether a character belongs to a script.
type Letters = fn(&char) -> bool;

/// Languages recognized by their script.
fn by_script(text: &str) -> Option<&'static str> {
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphabetic()).collect();
    let count = |is: Letters| letters.iter().filter(|letter| is(letter)).count();
    // A name in another script does not make the whole sentence foreign.
    let most = |is: Letters| count(is) * 2 > letters.len();
    let kana = |c: &char| matches!(c, '\u{3040}'..='\u{30ff}');
    let han = |c: &char| matches!(c, '\u{3400}'..='\u{9fff}');
    let cyrillic = |c: &char| matches!(c, '\u{400}'..='\u{4ff}');
    if letters.is_empty() {
        return None;
    }
    if (count(kana) + count(han)) * 2 > letters.len() {
        let japanese = count(kana) > 0;
        return Some(if japanese {
            "すみません、英語しか分かりません。"
        } else {
            "抱歉，我只听得懂英语。"
        });
    }
    if most(cyrillic) {
        let ukrainian =
            letters.iter().any(|c| matches!(c, 'і' | 'ї' | 'є' | 'ґ' | 'І' | 'Ї' | 'Є'));
        return Some(if ukrainian {
            "Вибачте, я розумію лише англійську."
        } else {
            "Извините, я понимаю только по-английски."
        });
    }
    let scripts: [(Letters, &str); 6] = [
        (|c| matches!(c, '\u{370}'..='\u{3ff}'), "Συγγνώμη, καταλαβαίνω μόνο αγγλικά."),
        (|c| matches!(c, '\u{600}'..='\u{6ff}'), "عذرًا، أفهم الإنجليزية فقط."),
        (|c| matches!(c, '\u{590}'..='\u{5ff}'), "סליחה, אני מבין רק אנגלית."),
        (|c| matches!(c, '\u{ac00}'..='\u{d7af}'), "죄송하지만 영어만 알아듣습니다."),
        (|c| matches!(c, '\u{900}'..='\u{97f}'), "माफ़ कीजिए, मैं केवल अंग्रेज़ी समझता हूँ।"),
        (|c| matches!(c, '\u{e00}'..='\u{e7f}'), "ขออภัย ฉันเข้าใจแค่ภาษาอังกฤษ"),
    ];
    scripts.into_iter().find(|(is, _)| most(*is)).map(|(_, apology)| apology)
}

/// Languages recognized by their commonest words.
fn by_words(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase().replace('’', "'");
    // Each word once: "la la land" is not French.
    let words: BTreeSet<&str> = text
        .split(|c: char| !(c.is_alphabetic() || c == '\'' || c == '-'))
        .filter(|word| !word.is_empty())
        .collect();
    let hits = |list: &str| list.split(' ').collect::<BTreeSet<_>>().intersection(&words).count();
    let english = hits(ENGLISH);
    let (most, language) = LANGUAGES
        .iter()
        .map(|language| (hits(language.words), language))
        .reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    // In a short sentence one word is enough if there is no English one.
    let enough = most >= 2 || (most == 1 && words.len() <= 3 && english == 0);
    (enough && most > english).then_some(language.apology)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_in_another_language_is_answered_in_it() {
        for (text, begins) in [
            ("Wie spät ist es?", "Ich verstehe"),
            ("stell einen Timer auf zehn Minuten", "Ich verstehe"),
            ("Wie wird das Wetter morgen in Berlin", "Ich verstehe"),
            ("guten Morgen", "Ich verstehe"),
            ("quelle heure est-il", "Désolé"),
            ("Mets un minuteur de dix minutes s'il te plaît", "Désolé"),
            ("quel temps fait-il à Paris", "Désolé"),
            ("¿qué hora es?", "Lo siento"),
            ("pon una alarma para las siete", "Lo siento"),
            ("cuéntame un chiste", "Lo siento"),
            ("che ore sono", "Mi dispiace"),
            ("accendi la luce in cucina", "Mi dispiace"),
            ("hoe laat is het", "Sorry, ik"),
            ("zet een wekker voor zeven uur", "Sorry, ik"),
            ("que horas são", "Desculpe"),
            ("qual é a previsão do tempo para amanhã", "Desculpe"),
            ("która jest godzina", "Przepraszam"),
            ("jaka będzie jutro pogoda", "Przepraszam"),
            ("vad är klockan", "Förlåt"),
            ("saat kaç", "Üzgünüm"),
            ("который час", "Извините"),
            ("котра година, чи є дощ", "Вибачте"),
            ("今何時ですか", "すみません"),
            ("现在几点了", "抱歉"),
            ("τι ώρα είναι", "Συγγνώμη"),
            ("كم الساعة", "عذرًا"),
            ("지금 몇 시예요", "죄송"),
        ] {
            let said = apology(text);
            assert!(said.is_some_and(|said| said.starts_with(begins)), "{text}: {said:?}");
        }
    }

    #[test]
    fn english_is_english_whatever_names_and_loans_are_in_it() {
        for text in [
            "who wrote les miserables",
            "order a pizza",
            "play la la land",
            "tell me about el nino",
            "what does die mean",
            "play music",
            "sing me a song",
            "how are you",
            "what is the meaning of 東京",
            "who is der spiegel",
            "book a table at la trattoria for two",
            "send de niro a message",
            "open the pod bay doors",
            "dim lights",
            "no",
            "",
            "...",
            "in the end",
            "call me a taxi in la",
            "how do you say good morning in german",
            "a la carte",
        ] {
            assert_eq!(apology(text), None, "{text}");
        }
    }
}
