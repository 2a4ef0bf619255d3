r"""The names that `\p{…}` takes in Go's regular expressions, by the age of Go.

Sources: unicode.Categories and unicode.Scripts of Go 1.26, less what Unicode added after version
10, which is Go 1.12's; https://go.dev/doc/go1.25#regexp for what Go 1.25 added.
"""

from __future__ import annotations

import re

_CATEGORIES = """
C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl
Zp Zs Any
"""
_SCRIPTS = """
Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali
Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian
Chakma Cham Cherokee Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Duployan
Egyptian_Hieroglyphs Elbasan Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi
Han Hangul Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi
Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi Khmer Khojki
Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Malayalam Mandaic
Manichaean Marchen Masaram_Gondi Meetei_Mayek Mende_Kikakui Meroitic_Cursive
Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean New_Tai_Lue Newa Nko
Nushu Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian
Old_South_Arabian Old_Turkic Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa
Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting
Sinhala Sora_Sompeng Soyombo Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham
Tai_Viet Takri Tamil Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Ugaritic Vai Warang_Citi
Yi Zanabazar_Square
"""
_NEWER_NAMES = """
Chorasmian Dogra Elymaic Kawi
Makasar Medefaidrin Nandinagari
Sogdian Tangsa Toto Vithkuqi Wancho Yezidi ASCII Assigned Cn LC
Cased_Letter Close_Punctuation Combining_Mark Connector_Punctuation Control Currency_Symbol
Dash_Punctuation Decimal_Number Enclosing_Mark Final_Punctuation Format Initial_Punctuation
Letter Letter_Number Line_Separator Lowercase_Letter Mark Math_Symbol Modifier_Letter
Modifier_Symbol Nonspacing_Mark Number Open_Punctuation Other Other_Letter Other_Number
Other_Punctuation Other_Symbol Paragraph_Separator Private_Use Punctuation Separator
Space_Separator Spacing_Mark Surrogate Symbol Titlecase_Letter Unassigned Uppercase_Letter cntrl
digit punct
"""

_KNOWN = frozenset(_CATEGORIES.split() + _SCRIPTS.split())


def _canonical(name: str) -> str:
    return re.sub(r"[ _-]", "", name).lower()


_SCRIPTS_NOT_FOUND = frozenset(n for n in _SCRIPTS.split() if "_" in n or not n[1:].islower())
"""Go from 1.25 on looks for Olditalic in a table that has Old_Italic."""
_NEWER = frozenset(map(_canonical, {*_KNOWN, *_NEWER_NAMES.split()} - _SCRIPTS_NOT_FOUND))


def known_to_older(name: str) -> bool:
    """Whether Go 1.12 takes the name."""
    return name in _KNOWN


def known_to_newer(name: str) -> bool:
    """Whether Go 1.26 takes it, which knows more names and looks past case and underscores."""
    return _canonical(name) in _NEWER
