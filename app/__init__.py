"""The registry behind STOP 36200. One line a module, in reading order.

What comes in and goes out:
  cli/              the command line
  server.py         create_app: the routes, in one list
  answers.py        answers of one turn of the event loop, sent together
  short_way.py      messages, and small questions answered by belief, past the framework
  edge.py           bodies with limits, problems, ids, metrics, one log line a request
  intake.py         operator webhook -> authenticated, attributed, committed, acknowledged
  recovery.py       watches the database, drains the spool when it is back
  quarantine.py     what waits in quarantine, run again after a secret or configuration is mended
  check/            bulk suppression check -> withheld, recorded before it is answered
  clearances.py     clearances after they were given: verified, ended, the keys that sign them
  admissions.py     a gateway's last question: may this number go now, once
  standing_clearances.py  permission beforehand for alerts: issued, ended, told of after use
  recalls.py        who said STOP since a clearance; what was given back unsent
  channels.py       oppositions from other channels -> committed once, whatever is told twice
  reconciliation.py an operator's own account against what arrived -> gaps named, missing STOPs applied
  breakers/         storms of STOPs and floods of messages: what is held until a person has looked
  puller.py         operators' lists, read on time where the operator does not call
  opposition.py     a sender's proof that somebody consented since
  review.py         what people decide: doubtful messages, and the texts that are forgotten
  audit/            exports: a zip that proves by itself
  proofs.py         inclusion and consistency proofs for a checkpoint somebody holds
  anchors.py        what others than the database have seen of the ledgers
  evidence/         verifying such a zip offline, and kept papers against it
  subjects/         what is held about a person: found, explained, erased, answered in time
  retention/        what is forgotten when: previewed, purged, proven, frozen
  administration.py senders, codes, connections, keys
  senders.py        what is decided about one sender: enforcement, texts, whose list it inherits
  holding.py        holding a sender, a delegate or a campaign, and releasing it
  doctor/           is this registry set up so that checks pass and STOPs arrive
  rotation.py       a sender's key rotated while its checks and STOPs go on
  erasure.py        a sender's keys and people destroyed, its ledger kept
  escrow.py         the root key kept with several people, and got back
  client.py         the registry's API as `stop-registry check FILE` calls it
  listfile/         files of numbers as people really have them
  gateway/          in front of Kannel, beside it: asks before each message; knows no database

What serves them:
  auth.py           who is calling: keys and roles
  keyset.py         the public keys that tokens verify under
  safeguards/       may this batch go: each safeguard refuses, warns, or says nothing
  journal.py        who did and saw what: signed days, and what was altered in them
  lookback.py       whom this number was cleared for, read in slices
  inheritance.py    opposed to a sender, or to one whose list it inherited
  canaries.py       test messages that prove a STOP channel: issued, recognised, due
  longtext.py       the parts of long messages, kept until the whole can be read
  case.py           one message and everything that is concluded about it
  registry.py       everything opened at start, in one place
  directory.py      senders, codes and connections in memory
  sequencer/        the only writer of ledgers: many appends, one transaction, then the answers
  index.py          each sender's opposed tags in memory, caught up at every check
  roster.py         whom a clearance covers, in memory while its gateway asks
  pulse.py          what keeps STOP channels proven: noted in memory, written later
  tally.py          what this process has committed of late, counted as it goes by
  contacts.py       whom each sender was cleared for lately: nobody gets one campaign twice
  witness/          what this node has cleared from, kept outside the database, and compared with it
  alarms.py         what a person must know: opened once, closed once
  signer/           signs receipts, many of them in a process of its own
  heavy.py          heavy work on threads that step back for whoever is in a hurry
  spool.py          received and not committed: sealed on disk until the database takes it
  queries/          one typed function per statement in sql/queries
  database/         pools, transactions, migrations, statements, the embedded PostgreSQL

What decides, without I/O:
  operators/        one module per provider: authenticate and decode a raw request
  appends/          what one sequencer transaction writes
  bulk.py           what one transaction writes for many oppositions brought in at once
  fanout.py         a message to more senders than one transaction may lock, in parts
  standing.py       who is opposed: a pure function of the set of events
  profile.py        what a sender decided about itself
  lifting.py        what may lift an opposition, how often a day, and what a person is asked
  liveness.py       is a STOP channel alive: never proven, alive, suspect, dead
  reading.py        what a message asks for: our reading, custom keywords, the provider's flag
  attribution.py    which senders a message on a code concerns
  verdict.py        one reason per position of a batch
  pages.py          places of a list marked one bit each
  tagset.py         a sorted set of tags that answers a million questions at once
  intent/           text -> what it asks for
  phone/            text -> E.164, one number or a million
  dates.py          dates as people write them -> UTC
  quiet_hours/      policy, territory, instant -> open, or closed until when
  inflate.py        gzip bodies unpacked within bounds
  tags.py           number -> 64-bit keyed tag
  epochs.py         tags under several keys: what was planned with an earlier one, what the next one needs
  keys.py           the root key: sealing, derivation, boxes
  mac.py            HMAC under keys that are used again and again
  shares.py         the root key in shares, sealed to several holders
  ledger/           entries, Merkle tree, checkpoints, proofs
  clearance.py      the signed permission for the rest of a batch
  standing_clearance.py  the token of that permission, and the signed list of those that ended
  receipts.py       signed receipts for operators
  jws.py            compact JWS, one algorithm
  timestamp.py      questions to a time-stamping authority, and its answers
  replies.py        the texts people get back
  wording.py        what people type that is kept for good: no number in it

  settings.py       the environment, read once
  errors.py         every error a caller can meet
  logs.py           JSON lines that can hold no number
  clock.py          where time and randomness enter
  dossier/          what an export says to people: the verifier page, how to verify, the report
  archive.py        the zip around an export, byte for byte
  __main__.py       python -m app
"""

__version__ = "0.1.0"
