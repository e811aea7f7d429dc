"""Calling codes outside the French plan (ITU-T E.164), one a line, to be read and mended by hand.

A line holds the calling code, the country whose clock governs (ISO 3166-1; of several, the one with most time
zones; "-" for satellite networks, whose place nobody knows), the number of digits after the code that a person's
number may have there, and "0" where those digits may begin with a zero that belongs to the number (Italy, Ivory
Coast …). Everywhere else a zero after the code is the trunk prefix, which E.164 leaves out. Codes that no person
can have (800, 979 …) are missing on purpose. The lengths are those of fixed lines and mobiles together;
tests/unit/test_phone_oracle.py says when the world has moved on.

Changing how many digits a country has is safe. Giving a country the "0", or taking it away, changes the canonical
number of its people: their old oppositions would no longer be found.
"""

import msgspec


class Country(msgspec.Struct, frozen=True):
    """One calling code: whose clock governs, and what follows the code."""

    code: str
    iso: str
    shortest: int  # digits after the code
    longest: int  # digits after the code
    keeps_zero: bool


_TABLE = """
1 US 10-10
20 EG 8-10
211 SS 9-9
212 MA 9-9
213 DZ 8-9
216 TN 8-8
218 LY 9-9
220 GM 7-9
221 SN 9-9
222 MR 8-8
223 ML 8-8
224 GN 8-9
225 CI 10-10 0
226 BF 8-8
227 NE 8-8
228 TG 8-8
229 BJ 10-10 0
230 MU 7-8
231 LR 7-9
232 SL 8-8
233 GH 9-9
234 NG 10-10
235 TD 8-8
236 CF 8-8
237 CM 9-9
238 CV 7-7
239 ST 7-7
240 GQ 9-9
241 GA 7-8
242 CG 9-9 0
243 CD 7-10
244 AO 9-9
245 GW 9-9
246 IO 7-7
247 AC 5-5
248 SC 7-7
249 SD 9-9
250 RW 8-9
251 ET 9-9
252 SO 6-9
253 DJ 8-8
254 KE 7-9
255 TZ 9-9
256 UG 9-9
257 BI 8-8
258 MZ 8-9
260 ZM 9-9
261 MG 9-9
263 ZW 7-9
264 NA 8-9
265 MW 7-9
266 LS 8-8
267 BW 7-8
268 SZ 8-8
269 KM 7-7
27 ZA 5-9
290 SH 4-5
291 ER 7-7
297 AW 7-7
298 FO 6-6
299 GL 6-6
30 GR 10-10
31 NL 9-11
32 BE 8-9
34 ES 9-9
350 GI 8-8
351 PT 9-9
352 LU 4-11
353 IE 7-10
354 IS 7-9
355 AL 8-9
356 MT 8-8
357 CY 8-8
358 FI 5-10
359 BG 6-9
36 HU 8-9
370 LT 8-8
371 LV 8-8
372 EE 7-8
373 MD 8-8
374 AM 8-8
375 BY 9-9
376 AD 6-9
377 MC 8-9
378 SM 8-10 0
380 UA 9-9
381 RS 7-12
382 ME 8-8
383 XK 8-12
385 HR 8-9
386 SI 8-8
387 BA 8-9
389 MK 8-8
39 IT 6-12 0
40 RO 6-9
41 CH 9-9
420 CZ 9-9
421 SK 6-9
423 LI 7-9
43 AT 4-13
44 GB 9-10
45 DK 8-8
46 SE 7-9
47 NO 8-8
48 PL 7-9
49 DE 5-13
500 FK 5-5
501 BZ 7-7
502 GT 8-8
503 SV 8-8
504 HN 8-8
505 NI 8-8
506 CR 8-8
507 PA 7-8
508 PM 6-6
509 HT 8-8
51 PE 8-9
52 MX 10-10
53 CU 6-10
54 AR 10-11
55 BR 10-11
56 CL 9-9
57 CO 8-10
58 VE 10-10
591 BO 8-8
592 GY 7-7
593 EC 8-9
595 PY 7-9
597 SR 6-7
598 UY 8-8
599 CW 7-8
60 MY 8-10
61 AU 9-9
62 ID 7-12
63 PH 6-10
64 NZ 8-10
65 SG 8-8
66 TH 8-9
670 TL 7-8
672 NF 6-6
673 BN 7-7
674 NR 7-7
675 PG 7-8
676 TO 5-7
677 SB 5-7
678 VU 5-7
679 FJ 7-7
680 PW 7-7
681 WF 6-9
682 CK 5-5
683 NU 4-7
685 WS 5-10
686 KI 5-8
687 NC 6-6
688 TV 5-7
689 PF 8-8
690 TK 4-7
691 FM 7-7
692 MH 7-7
7 RU 10-10
81 JP 9-10
82 KR 5-10
84 VN 9-10
850 KP 8-10
852 HK 8-8
853 MO 8-8
855 KH 8-9
856 LA 8-10
86 CN 7-11
870 - 9-12
880 BD 6-10
881 - 9-10
882 - 7-12
886 TW 8-9
90 TR 10-10
91 IN 10-10
92 PK 9-10
93 AF 9-9
94 LK 9-9
95 MM 6-10
960 MV 7-7
961 LB 7-8
962 JO 8-9
963 SY 8-9
964 IQ 8-10
965 KW 8-8
966 SA 9-9
967 YE 7-9
968 OM 8-8
970 PS 8-9
971 AE 8-9
972 IL 8-12
973 BH 8-8
974 QA 8-8
975 BT 7-8
976 MN 8-10
977 NP 8-10
98 IR 6-10
992 TJ 9-9
993 TM 8-8
994 AZ 9-9
995 GE 9-9
996 KG 9-9
998 UZ 9-9
"""


def _country(line: str) -> Country:
    code, iso, digits, *zero = line.split()
    shortest, longest = digits.split("-")
    return Country(code, iso.strip("-"), int(shortest), int(longest), bool(zero))


COUNTRIES: dict[str, Country] = {country.code: country for country in map(_country, _TABLE.strip().splitlines())}
