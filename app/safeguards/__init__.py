"""May this batch go? One module a safeguard; each judges one plan and refuses, warns, or says nothing.

plan.py         what is to be sent, with every blank filled
purposes.py     what a sending is for, and which safeguards that obeys (D8)
completing.py   a check's blanks, filled from the profile (D14)
mention.py      does the text say how to say STOP
routes.py       may this route carry the batch
sender_ids.py   may this stand as the sender on people's phones
sectors.py      may this trade advertise by SMS at all
refusal.py      what these three say, and to whom it is only a warning
profiles.py     may a profile hold this value
channels.py     would a STOP to the code arrive
holds.py        what a person, or the storm breaker, has stopped
enumeration.py  nobody finds out who said STOP by asking about number after number
"""
