package answer

import (
	"hash/fnv"
	"strings"
	"unicode"
)

// stopWords carry no meaning of their own in a question.
var stopWords = wordSet(functionWords["en"], functionWords["de"], functionWords["fr"], functionWords["es"])

// functionWords also give away the language that a text is written in.
var functionWords = map[string]string{
	"en": "a an and are as at be by can could do does did for from has have how i if in is it its me my no not of on or our please should so that the their them there they this to was we what when where which who why will with would you your am get got into about any just there's im",
	"de": "aber als am an auch auf aus bei bin bist bitte da das dass dein dem den der des die dies du ein eine einem einen einer es für gibt hab habe haben hat ich ihr im in ist ja kann kannst können man mein meine mit nach nicht noch nur ob oder sich sie sind so soll um und uns von was wann warum welche welcher wenn wer wie wir wird wo zu zum zur über",
	"fr": "à au aux avec ce ces cette comment dans de des du elle en est et être eux il ils je la le les leur ma mais me mes mon ne nos notre nous on ou où par pas peut peux pour pourquoi que quel quelle qui sa se ses son sont sur ta te tes tu un une vos votre vous puis-je",
	"es": "a al como cómo con cuál cuándo de del dónde el ella en es esta este hay la las le lo los me mi mis no nos o para pero por porque puede puedo que qué quién se si sin sobre son su sus te tu un una y yo",
}

func wordSet(lists ...string) map[string]bool {
	words := map[string]bool{}
	for _, list := range lists {
		for word := range strings.FieldsSeq(list) {
			words[word] = true
		}
	}
	return words
}

var byLanguage = func() map[string]map[string]bool {
	m := map[string]map[string]bool{}
	for language, list := range functionWords {
		m[language] = wordSet(list)
	}
	return m
}()

// languageOf guesses by script, then by little words; English when in doubt.
func languageOf(s string) string {
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			return "ja"
		case unicode.Is(unicode.Arabic, r):
			return "ar"
		case unicode.Is(unicode.Hebrew, r):
			return "he"
		}
	}
	if strings.IndexFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) }) >= 0 {
		return "zh"
	}
	best, most := "en", 0
	all := words(s)
	for _, language := range []string{"en", "de", "fr", "es"} {
		n := 0
		for _, word := range all {
			if byLanguage[language][word] {
				n++
			}
		}
		if n > most {
			best, most = language, n
		}
	}
	return best
}

// admissions say that the bot does not know, and lead over to what it does.
var admissions = map[string][2]string{
	"en": {"I don't have an answer to that. You can leave your question here, and a person can answer it.", "What I can tell you about:"},
	"de": {"Darauf habe ich keine Antwort. Sie können Ihre Frage hier stehen lassen, dann kann ein Mensch sie beantworten.", "Worüber ich Auskunft geben kann:"},
	"fr": {"Je n'ai pas de réponse à cela. Vous pouvez laisser votre question ici, une personne pourra y répondre.", "Ce sur quoi je peux vous renseigner :"},
	"es": {"No tengo una respuesta para eso. Puede dejar su pregunta aquí y una persona podrá contestarla.", "Sobre esto sí puedo informarle:"},
	"ja": {"それについてはお答えできる情報がありません。ご質問を残していただければ、担当者がお答えできます。", "ご案内できる内容："},
	"zh": {"这个问题我没有答案。您可以把问题留在这里，会有人来回复。", "我可以介绍的内容："},
	"ar": {"ليس لدي جواب عن ذلك. يمكنك ترك سؤالك هنا ليجيب عنه شخص.", "ما أستطيع إخبارك عنه:"},
	"he": {"אין לי תשובה לכך. אפשר להשאיר כאן את השאלה ואדם יוכל לענות עליה.", "על מה אני יכול לספר:"},
}

// phrases are courtesies: what people say, and what is said back.
var phrases = []struct {
	language string
	said     string // separated by |
	replies  []string
}{
	{"en", "hi|hello|hey|hello there|hi there|hey there|good morning|good afternoon|good evening|howdy", []string{"Hello! What can I help you with?", "Hi there! How can I help?"}},
	{"en", "thanks|thank you|thank you very much|thx|many thanks|great thanks|thanks a lot|ok thanks|perfect thanks|cheers", []string{"You're welcome!", "Glad I could help."}},
	{"en", "bye|goodbye|see you|bye bye", []string{"Goodbye, and take care!", "Bye! Come back any time."}},
	{"de", "hallo|guten tag|guten morgen|guten abend|moin|servus|grüß gott|hallo zusammen", []string{"Hallo! Wobei kann ich helfen?", "Guten Tag! Was kann ich für Sie tun?"}},
	{"de", "danke|vielen dank|danke schön|dankeschön|herzlichen dank|super danke", []string{"Gern geschehen!", "Freut mich, wenn ich helfen konnte."}},
	{"de", "tschüss|auf wiedersehen|bis bald", []string{"Auf Wiedersehen!"}},
	{"fr", "bonjour|salut|bonsoir|coucou", []string{"Bonjour ! Comment puis-je vous aider ?"}},
	{"fr", "merci|merci beaucoup|merci bien", []string{"Avec plaisir !"}},
	{"fr", "au revoir|à bientôt", []string{"Au revoir !"}},
	{"es", "hola|buenos días|buenas tardes|buenas noches|buenas", []string{"¡Hola! ¿En qué puedo ayudarle?"}},
	{"es", "gracias|muchas gracias|mil gracias", []string{"¡De nada!"}},
	{"es", "adiós|hasta luego|hasta pronto", []string{"¡Hasta luego!"}},
	{"pt", "olá|bom dia|boa tarde|boa noite|oi", []string{"Olá! Como posso ajudar?"}},
	{"pt", "obrigado|obrigada|muito obrigado|muito obrigada", []string{"De nada!"}},
	{"it", "ciao|buongiorno|buonasera|salve", []string{"Salve! Come posso aiutarla?"}},
	{"it", "grazie|grazie mille|molte grazie", []string{"Prego!"}},
	{"nl", "hoi|goedemorgen|goedemiddag|goedenavond|goedendag", []string{"Hallo! Waarmee kan ik helpen?"}},
	{"nl", "dank je|dank u|bedankt|dankjewel", []string{"Graag gedaan!"}},
	{"ja", "こんにちは|こんばんは|おはよう|おはようございます|はじめまして", []string{"こんにちは。どのようなご用件でしょうか。"}},
	{"ja", "ありがとう|ありがとうございます|どうもありがとう", []string{"どういたしまして。"}},
	{"zh", "你好|您好|早上好|晚上好|嗨", []string{"您好！请问有什么可以帮您？"}},
	{"zh", "谢谢|多谢|谢谢你|谢谢您", []string{"不客气！"}},
	{"ar", "مرحبا|السلام عليكم|أهلا|صباح الخير|مساء الخير", []string{"مرحبًا! كيف يمكنني المساعدة؟"}},
	{"ar", "شكرا|شكرا جزيلا", []string{"على الرحب والسعة!"}},
	{"he", "שלום|היי|בוקר טוב|ערב טוב", []string{"שלום! במה אפשר לעזור?"}},
	{"he", "תודה|תודה רבה", []string{"בשמחה!"}},
}

var courtesies = func() map[string][]string {
	m := map[string][]string{}
	for _, p := range phrases {
		for said := range strings.SplitSeq(p.said, "|") {
			m[said] = p.replies
		}
	}
	return m
}()

// courtesy is the reply to a greeting, thanks or farewell that stands alone.
// The same words get the same reply each time.
func courtesy(question string) (string, bool) {
	said := strings.Join(words(question), " ")
	replies, ok := courtesies[said]
	if !ok {
		return "", false
	}
	sum := fnv.New32a()
	sum.Write([]byte(said))
	return replies[sum.Sum32()%uint32(len(replies))], true
}
