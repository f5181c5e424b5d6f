"""Stop words of eleven languages.

Our own lists of function words, after the usual grammars: articles, prepositions, pronouns, conjunctions, particles,
auxiliary verbs and question words. Negations and words such as *without* are not among them, since a query without
them asks for something else, nor are nouns and other verbs, which lists made by counting have (``name``, ``system`` and
``year`` are stop words of stopwords-iso 0.7.1, and in Vietnamese ``năm``, a year).

Chinese and Thai are written without spaces, and function words also occur within other words. A form is in their
lists only if, of its occurrences in the 1,190 questions of XQuAD-R, at least nine in ten begin and end at borders of
words, as jieba 0.42.1 and PyThaiNLP 5.4.0 find them. Forms of several characters that do not occur there are listed as
well.
"""

_SINGLE = {
    "ar": """
        في من إلى على عن مع بين بعد قبل عند عندما خلال حول حتى منذ تحت فوق أمام خلف لدى ضد عبر ضمن نحو بسبب أثناء و
        أو ثم أم لكن بل أن إن أنّ إنّ لأن كأن إذا إذ لو كي لكي بأن كما حيث بينما ما ماذا هو هي هم هن هما أنا نحن أنت
        أنتم هذا هذه ذلك تلك هؤلاء هناك هنا الذي التي الذين اللذان اللتان اللواتي أي أية أيّ كم كيف متى أين لماذا
        بماذا بم مم عم هل أ كان كانت كانوا يكون تكون يكن تكن قد لقد سوف تم يتم به بها بهم فيه فيها فيهم له لها لهم
        منه منها منهم عليه عليها عليهم إليه إليها عنه عنها معه معها كل بعض أيضا أيضًا فقط
    """,
    "de": """
        der die das den dem des ein eine einer eines einem einen und oder aber denn sondern sowie als wie dass daß
        weil wenn ob damit obwohl während bevor nachdem falls in im ins an am ans auf aus bei beim mit nach seit von
        vom vor zu zum zur über unter für durch gegen um bis ab zwischen neben hinter innerhalb außerhalb wegen
        trotz statt laut ich du er sie es wir ihr mich dich ihn uns euch mir dir ihm ihnen sich man mein meine
        meinen meinem meiner dein deine sein seine seinen seinem seiner seines ihre ihren ihrem ihrer ihres unser
        unsere dieser diese dieses diesen diesem jener jene jenes jenen jenem jeder jede jedes jeden jedem alle
        allen aller wer wen wem wessen was wo wohin woher wann warum wieso weshalb wodurch womit wofür woran worauf
        woraus worin wovon wozu welcher welche welches welchen welchem wieviel bin bist ist sind seid war waren
        wurde wurden wird werden worden geworden wäre wären gewesen habe hast hat haben hatte hatten gehabt kann
        können konnte konnten muss müssen musste mussten soll sollen sollte sollten will wollen wollte darf dürfen
        durfte mag möchte da dort hier auch noch schon nur sehr so dann doch etwa
    """,
    "el": """
        ο η το οι τα του της των τον την τη τους τις ένας μία μια ένα ενός μιας έναν και κι ή είτε αλλά όμως ότι πως
        που αν εάν όταν ενώ επειδή διότι γιατί ώστε να θα ας αφού σε στο στη στην στον στους στις στα από για με
        προς κατά μετά πριν μέχρι έως ως παρά αντί μεταξύ υπό επί περί εγώ εσύ αυτός αυτή αυτό αυτοί αυτές αυτά
        αυτού αυτών αυτόν αυτήν εμείς εσείς μου σου μας σας εκείνος εκείνη εκείνο ποιος ποια ποιο ποιοι ποιες ποιου
        ποιας ποιων ποιον ποιαν ποιους τι πότε πού πώς πόσος πόση πόσο πόσοι πόσες πόσα πόσους ποιανού οποίος οποία
        οποίο οποίοι οποίες οποίου οποίας οποίων οποίον οποίαν όποιος είναι ήταν είμαι είσαι είμαστε είστε έχει
        έχουν έχω έχεις είχε είχαν ήμουν
    """,
    "en": """
        a an the and or but nor so yet because as if whether while although though since unless until than that in
        on at of to from by for with about into onto over under between among through during before after against
        within upon per via toward towards up down off out around along across behind beyond near i you he she it we
        they me him her us them my your his its our their mine yours hers ours theirs myself yourself himself
        herself itself ourselves themselves this these those there here some any each every all both either such
        what which who whom whose when where why how am is are was were be been being do does did doing done have
        has had having can could may might must shall should will would what's who's where's when's how's it's
        that's there's he's she's i'm you're we're they're also just only then too very
    """,
    "es": """
        el la los las lo un una unos unas al del y e o u pero sino aunque porque pues que si como cuando mientras
        donde a ante bajo con contra de desde durante en entre hacia hasta mediante para por según sobre tras yo tú
        él ella ello nosotros vosotros ellos ellas usted ustedes me te se nos os le les mi mis tu tus su sus nuestro
        nuestra nuestros nuestras este esta esto estos estas ese esa eso esos esas aquel aquella aquello aquellos
        aquellas qué quién quiénes cuál cuáles cuándo cuánto cuánta cuántos cuántas cómo dónde adónde quien quienes
        cual cuales cuyo cuya cuyos cuyas es son era eran fue fueron ser sido siendo soy eres somos sea sean está
        están estaba estaban estar estado estuvo estuvieron ha han había habían haber hay hubo he has puede pueden
        podía podían pudo debe deben debía más muy ya también
    """,
    "hi": """
        का के की को ने से में मे पर तक द्वारा लिए लिये साथ बाद पहले बीच दौरान बारे ओर तरफ़ तरफ और या एवं तथा व कि लेकिन परंतु किंतु
        क्योंकि यदि अगर तो जब तब जैसे मैं तू तुम आप हम वह वे यह ये वो उस उसे उसने उसका उसकी उसके उन उन्हें उन्होंने उनका उनकी उनके इस इसे
        इसने इसका इसकी इसके इन इन्हें इन्होंने इनका इनकी इनके अपना अपनी अपने मेरा मेरी मेरे हमारा हमारी हमारे जो जिस जिसे जिसने जिसका
        जिसकी जिसके जिन जिन्हें जिन्होंने किसी कोई कुछ क्या कौन कौनसा कौनसी कौनसे किस किसे किसने किसका किसकी किसके किन किन्हें
        किन्होंने कब कहाँ कहां क्यों कैसे कैसा कैसी कितना कितनी कितने सा सी है हैं था थी थे हो हूँ हूं हुआ हुई हुए होता होती होते होना होने
        होगा होगी होंगे गया गई गयी गए गये जाता जाती जाते जाना जाने रहा रही रहे सकता सकती सकते चुका चुकी चुके भी ही एक
    """,
    "ru": """
        в во на по с со к ко о об обо от ото из изо у за до для при про под подо над перед через между против среди
        около после вокруг ради согласно вместо и а но или либо да что чтобы если когда как пока хотя потому поэтому
        зато так тоже также я ты он она оно мы вы они меня тебя его её ее нас вас их мне тебе ему ей нам вам им мной
        тобой нём нем ней них ним ними себя себе собой мой моя моё мое мои твой твоя ваш ваша наш наша свой своя
        своё свое свои своего своей своих своим своими свою этот эта это эти этого этой этих этому этим тот та то те
        того той тех который которая которое которые которого которой которых которому которым которую котором кто
        кого кому кем ком чего чему чем чём где куда откуда почему зачем сколько скольких какой какая какое какие
        какого каких какому каким какими какую каком каков какова каково каковы чей чья чьё чье чьи ли же бы был
        была было были быть есть является являются являлся являлась будет будут может могут мог могла могло могли
    """,
    "th": """
        ใน ของ อะไร คือ ใคร และ เมื่อใด อย่างไร ซึ่ง เท่าไร เท่าไหร่ เมื่อไร เมื่อไหร่ ที่ใด ที่ไหน สิ่งใด ผู้ใด คนใด อันไหน ใด ไหน ระหว่าง
        เกี่ยวกับ สำหรับ บ้าง แห่ง จึง ทำไม เพราะเหตุใด เพราะอะไร เนื่องจาก หลังจาก ถูก ที่จะ จะ หรือไม่ หรือเปล่า ครับ ค่ะ
    """,
    "tr": """
        bir ve veya ya da de ki ile ama fakat ancak çünkü için gibi kadar göre karşı sonra önce beri üzere dolayı
        hakkında tarafından üzerinde ben sen o biz siz onlar bana sana ona bize size onlara beni seni onu bizi sizi
        onları benim senin onun bizim sizin onların bu şu bunlar şunlar bunu şunu bunun şunun buna şuna bunda bundan
        ne neyi neye neyin neden niye niçin nedir neydi nelerdir neler nerede nereye nereden neresi neresidir nasıl
        kim kimi kime kimin kimden kimdir kimdi kimler kimlerdir hangi hangisi hangisidir hangileri hangileridir kaç
        kaçı kaça mı mi mu mü mıdır midir mudur müdür olan olarak oldu olduğu olduğunu olmuştur idi ise iken dır dir
        dur dür en daha çok her
    """,
    "vi": """
        là của và hoặc hay với cho từ đến tới tại ở trong ngoài trên dưới vào ra về để bởi theo do vì nếu khi mà thì
        rằng nhưng như các những một mọi mỗi này kia đó đây ấy tôi bạn nó họ gì nào ai đâu mấy đã đang sẽ được bị
        cũng rất
    """,
    "zh": """
        的 了 是 在 和 与 把 而 也 或 谁 吗 呢 什么 什么样 多少 哪个 哪些 哪里 哪儿 哪位 哪家 哪一年 哪一个 哪种
        何时 何处 何种 如何 怎么 怎样 怎么样 为何 多久 几个 关于 对于 由于 所以 但是 如果 以及 或者 还是 之间 我们
        你们 他们 她们 它们 这个 这些 那个 那些
    """,
}
_SEVERAL = {
    "hi": "के लिए|के द्वारा|के बारे में",
    "tr": "ne zaman|ya da",
    "vi": "bao nhiêu|bao giờ|bao lâu|ở đâu|tại sao|vì sao|như thế nào|thế nào|khi nào|cái gì|chúng tôi|chúng ta|bởi vì",
}

STOP_WORDS = {
    lang: frozenset(words.split()) | frozenset(filter(None, _SEVERAL.get(lang, "").split("|")))
    for lang, words in _SINGLE.items()
}
"""Language -> its stop words; some have several words."""
