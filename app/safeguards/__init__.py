"""May this batch go? One module a safeguard; each judges one plan and refuses, warns, or says nothing.

plan.py       what is to be sent, with every blank filled
channels.py   would a STOP to the code arrive
"""
