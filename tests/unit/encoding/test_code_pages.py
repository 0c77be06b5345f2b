from __future__ import annotations

import pytest

from streaming.encoding.reading import decode_file, decode_text
from streaming.errors import BadInput

TEXTS = {
    "German": "Der Müller schloss am frühen Morgen die Schleuse und schickte nach dem Wagenbauer. Die Räder waren "
    "über viele Winter morsch geworden, und zwei Schaufeln hatten sich gelöst. Die Straße nach Köln war "
    "gesperrt.",
    "French": "Le meunier ferma l’écluse à sept heures du matin et fit chercher le charron. Il découvrit que "
    "l’humidité avait ramolli le chêne au cours de nombreux hivers, et que deux pales s’étaient "
    "détachées. Cela coûtera très cher.",
    "Spanish": "El molinero cerró la compuerta a las siete de la mañana y mandó llamar al carpintero. Descubrió que "
    "la humedad había ablandado el roble durante muchos inviernos y que dos paletas se habían soltado. "
    "¿Cuánto costará?",
    "Swedish": "Mjölnaren stängde dammluckan klockan sju på morgonen och skickade efter vagnmakaren. Han fann att "
    "fukten hade mjukat upp eken under många vintrar och att två skovlar hade lossnat. Därför måste "
    "bagarna köpa mjöl.",
    "English": "The miller closed the sluice at seven. “He found that damp had softened the oak,” she said—and two "
    "paddles had come loose; the café’s owner lent £1,400. It was the third time since 1914–1918 that "
    "the mill’s wheel stopped.",
    "Polish": "Młynarz zamknął śluzę o siódmej rano i posłał po kołodzieja. Okazało się, że wilgoć zmiękczyła dąb "
    "przez wiele zim i że dwie łopatki się obluzowały. Naprawa potrwa dziewięć dni i będzie kosztować "
    "około tysiąca złotych.",
    "Czech": "Mlynář zavřel stavidlo v sedm hodin ráno a poslal pro koláře. Zjistil, že vlhkost během mnoha zim "
    "změkčila dub a že se dvě lopatky uvolnily. Oprava potrvá devět dní a bude stát přibližně tisíc "
    "čtyři sta korun, řekl.",
    "Turkish": "Değirmenci sabah saat yedide savağı kapattı ve arabacıyı çağırttı. Nemin meşeyi yıllar boyunca "
    "yumuşattığını ve iki kanadın gevşediğini gördü. Onarım dokuz gün sürecek ve yaklaşık bin dört yüz "
    "liraya mal olacak.",
    "Russian": "Мельник закрыл шлюз в семь часов утра и послал за колесником. Тот обнаружил, что сырость за много "
    "зим размягчила дуб и что две лопасти расшатались. Ремонт займёт девять дней и обойдётся в тысячу "
    "рублей.",
    "Ukrainian": "Мельник зачинив шлюз о сьомій годині ранку й послав по стельмаха. Той виявив, що волога за багато "
    "зим розм'якшила дуб і що дві лопаті розхиталися. Ремонт триватиме дев'ять днів і коштуватиме тисячу "
    "гривень.",
    "Greek": "Ο μυλωνάς έκλεισε το φράγμα στις επτά το πρωί και έστειλε να φωνάξουν τον αμαξοποιό. Διαπίστωσε ότι "
    "η υγρασία είχε μαλακώσει τη βελανιδιά και ότι δύο πτερύγια είχαν χαλαρώσει. Άρχισαν αμέσως.",
    "Hungarian": "A molnár reggel hét órakor bezárta a zsilipet, és elküldött a kerékgyártóért. Megállapította, "
    "hogy a nedvesség sok tél alatt megpuhította a tölgyfát, és két lapát meglazult. A régi őrlőkő is "
    "megrepedt, a fűrész pedig eltűnt. A javítás kilenc napig tart.",
    "Bulgarian": "Мелничарят затвори шлюза в седем часа сутринта и изпрати да повикат колар. Той установи, че "
    "влагата през много зими е размекнала дъба и че две лопатки са се разхлабили.",
    "Hebrew": "הטוחן סגר את הסכר בשבע בבוקר ושלח לקרוא לנגר העגלות. הוא גילה שהלחות ריככה את עץ האלון במשך חורפים "
    "רבים.",
    "Arabic": "أغلق الطحان البوابة في السابعة صباحا وأرسل في طلب صانع العجلات. وجد أن الرطوبة قد ألانت خشب البلوط "
    "على مدى شتاءات.",
    "Thai": "เจ้าของโรงสีปิดประตูน้ำตอนเจ็ดโมงเช้าและส่งคนไปตามช่างทำล้อ "
    "เขาพบว่าความชื้นทำให้ไม้โอ๊กอ่อนตัวลงตลอดฤดูหนาวหลายปี",
    "Japanese": "粉屋は朝七時に水門を閉め、車大工を呼びにやった。湿気が樫の木を柔らかくし、羽根板が二枚ゆるんでいた。",
    "Chinese": "磨坊主早上七点关上了水闸，派人去请车匠。他发现多年的冬天里潮气使橡木变软，两片桨叶已经松动。",
    "Traditional": "磨坊主早上七點關上了水閘，派人去請車匠。他發現多年的冬天裡潮氣使橡木變軟，兩片槳葉已經鬆動。",
    "Korean": "방앗간 주인은 아침 일곱 시에 수문을 닫고 수레 목수를 부르러 보냈다. 그는 습기가 참나무를 무르게 한 "
    "것을 발견했다.",
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "page"),
    [
        *[("German", page) for page in ("cp1252", "latin-1", "iso8859_15", "mac_roman", "cp850", "cp437")],
        *[(language, "cp1252") for language in ("French", "Spanish", "Swedish", "English")],
        *[(language, page) for language in ("Polish", "Czech") for page in ("cp1250", "iso8859_2")],
        ("English", "mac_roman"),
        ("Turkish", "cp1254"),
        *[("Russian", page) for page in ("cp1251", "koi8_r", "cp866", "iso8859_5")],
        ("Ukrainian", "cp1251"),
        ("Ukrainian", "koi8_u"),
        ("Greek", "cp1253"),
        ("Greek", "iso8859_7"),
        ("Hungarian", "cp1250"),
        ("Bulgarian", "cp1251"),
        ("Bulgarian", "mac_cyrillic"),
        ("Hebrew", "cp1255"),
        ("Arabic", "cp1256"),
        ("Thai", "tis-620"),
        *[("Japanese", page) for page in ("shift_jis", "cp932", "euc_jp", "iso2022_jp")],
        *[("Chinese", page) for page in ("gb2312", "gbk", "gb18030")],
        ("Traditional", "big5"),
        ("Traditional", "gb18030"),
        *[("Korean", page) for page in ("euc_kr", "cp949")],
    ],
)
def test_a_paragraph_in_a_code_page_is_read_from_a_file(language: str, page: str) -> None:
    text = TEXTS[language] if page != "mac_roman" else TEXTS[language].replace("£", "$")
    text = text if page not in ("iso8859_2", "cp437", "cp850") else text.replace("’", "'")
    assert decode_file(text.encode(page)).text == text


@pytest.mark.parametrize("page", ["shift_jis", "euc_jp"])
def test_a_short_japanese_file_with_a_repeated_ideograph_is_japanese(page: str) -> None:
    text = "風車は月曜日に止まった。アンナは最初に煙を見て、鐘を鳴らした。町の人々はみんなそれを見ていた。"
    assert decode_file(text.encode(page)).text == text


def test_a_record_is_not_read_in_a_code_page() -> None:
    with pytest.raises(BadInput) as caught:
        decode_text(TEXTS["German"].encode("cp1252"))
    assert caught.value.type == "NotUtf8"


@pytest.mark.parametrize("text", ["Grüße", "café", "Køb mel i møllen"])
def test_a_short_file_in_a_code_page_leaves_doubt_and_is_refused_with_what_it_may_be(text: str) -> None:
    with pytest.raises(BadInput, match=r"not UTF-8: byte \d of \d+; convert it to UTF-8 first.*Windows-1252") as caught:
        decode_file(text.encode("latin-1"))
    assert caught.value.type == "NotUtf8"


@pytest.mark.parametrize(("language", "page"), [("German", "cp1252"), ("French", "cp1252"), ("Polish", "cp1250")])
def test_a_file_of_two_lines_is_read_when_one_page_alone_makes_a_language_of_it(language: str, page: str) -> None:
    text = TEXTS[language][:165]
    assert decode_file(text.encode(page)).text == text


@pytest.mark.parametrize("language", ["German", "French", "English", "Russian", "Chinese"])
def test_broken_utf8_is_not_taken_for_a_code_page(language: str) -> None:
    raw = TEXTS[language].encode()
    at = next(index for index, byte in enumerate(raw) if index > 40 and byte >= 0xC0)
    for broken in (raw[:at] + raw[at + 1 :], raw[: at + 1], b"a" * 300 + raw[at : at + 1]):
        with pytest.raises(BadInput) as caught:
            decode_file(broken)
        assert caught.value.type == "NotUtf8"


def test_bytes_that_are_no_language_are_no_text_in_any_code_page() -> None:
    with pytest.raises(BadInput):
        decode_file(bytes(range(0x80, 0x100)) * 10)
    with pytest.raises(BadInput):
        decode_file(b"the mill \xff\xfe\xfd burned \x81\x8d " * 20)
