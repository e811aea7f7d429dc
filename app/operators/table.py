"""Providers that need no code: flat fields, no signature. Sources and confidence: each provider's page, as noted.

A newcomer is a Shape of about five lines; the connection's token, Basic credentials or addresses prove the caller.
"""

from app.operators.flat import EMPTY_OK, UTC_ZONE, Shape
from app.operators.model import Answer

_ONEAPI = "inboundsmsmessagenotification.inboundsmsmessage"

TABLE = (
    # Spot-Hit: GET …/stop?numero&id&date is a STOP event, …/response?numero&message&id&date an answer; the id is the
    # campaign's. Read in public client code; …/status calls (statut) are delivery reports.
    Shape(
        name="spot_hit",
        number=("numero",),
        text=("message",),
        reply_to=("id",),
        time=("date",),
        kind="either",
        only={"statut": ("",)},
    ),
    # SMSFactor: POST JSON, one address for answers and one for STOPs (dev.smsfactor.com); no destination, no id.
    Shape(
        name="smsfactor",
        number=("from",),
        text=("message",),
        code=("to",),
        time=("date",),
        account=("account_id",),
        reply_to=("last_message_id",),
    ),
    # Octopush: POST JSON; message_id is the MT's ticket; stop_date comes on the opt-out hook only. The target must not
    # print anything. No zone is documented (dev.octopush.com/en/sms-gateway-api-documentation).
    Shape(
        name="octopush",
        number=("number",),
        text=("text",),
        code=("sim_card_number",),
        mt_id=("message_id",),
        time=("reception_date", "stop_date", "answer_date"),
        stop_if=("stop_date",),
        answer=Answer(200, ""),
    ),
    # smsmode: POST JSON, shape of its RCS sibling; `from` and `recipient.to` were seen in the direction of the MT.
    Shape(
        name="smsmode",
        number=("from", "from.number"),
        text=("body.text", "body", "text", "message"),
        code=("recipient.to", "recipient", "to"),
        id=("messageid",),
        time=("receiveddate", "receptiondate", "receivedat", "date", "sentdate", "createddate"),
        account=("channel.channelid",),
        reply_to=("originmessageid",),
        only={"direction": ("MO", "mo")},
        either_way=True,
    ),
    # Esendex: POST XML; Id is the notification, MessageId the message (developers.esendex.com, Push Notifications).
    # Its other product, esendex.us, posts a form with US dates in UTC.
    Shape(
        name="esendex",
        number=("from", "fromphonenumber"),
        text=("messagetext", "message"),
        code=("to", "tophonenumber"),
        id=("messageid",),
        time=("responsereceivedate", "receivedat"),
        zone=UTC_ZONE,
        month_first=True,
        account=("accountid",),
        reply_to=("matchedmessageid",),
    ),
    # High Connexion: POST form, text in Latin-1, RECEPTION_DATE without zone; a raw plus was seen in FROM.
    Shape(
        name="highconnexion",
        number=("from",),
        text=("message",),
        code=("to",),
        id=("id",),
        time=("reception_date",),
        charset="iso-8859-1",
    ),
    # mTarget: POST form; Keyword=Stop is its own reading; long messages come in parts (msgref counts from 1).
    Shape(
        name="mtarget",
        number=("msisdn",),
        text=("content",),
        code=("destination", "shortcode", "to"),
        id=("msgid",),
        time=("date",),
        flag=("keyword",),
        part=("msglong.id", "msglong.msgref", "msglong.msgcount"),
    ),
    # Callr: POST JSON events; the message is in `payload` (docs.callr.com).
    Shape(
        name="callr",
        number=("payload.from",),
        text=("payload.body.text", "payload.text"),
        code=("payload.to",),
        id=("payload.sid",),
        time=("payload.created", "at"),
        only={"type": ("v2.sms.inbound.received",)},
    ),
    # CM.com: POST JSON "MO Webhooks 1.0" (docs.cmtelecom.com), also a nested successor; `reference` echoes the MT's.
    Shape(
        name="cm",
        number=("from", "from.number", "originator"),
        text=("body", "message.text", "message"),
        code=("to", "to.number", "recipient"),
        mt_id=("reference",),
        time=("timeutc", "datetime", "time"),
        zone=UTC_ZONE,
    ),
    # Infobip: POST JSON, a batch under `results` (renderer MO_JSON_2; other renderers list contents under `message`).
    Shape(
        name="infobip",
        number=("from", "sender"),
        text=("text", "message.text", *(f"message.{part}.value" for part in range(10))),
        code=("to", "destination"),
        id=("messageid",),
        time=("receivedat",),
        zone=UTC_ZONE,
        each=("results",),
    ),
    # Bandwidth: POST JSON, an array of events of which only message-received is an MO (dev.bandwidth.com).
    Shape(
        name="bandwidth",
        number=("message.from",),
        text=("message.text",),
        code=("message.owner", "to", *(f"message.to.{place}" for place in range(10))),
        id=("message.id",),
        time=("message.time", "time"),
        zone=UTC_ZONE,
        only={"type": ("message-received",), "message.direction": ("in",)},
    ),
    # Orange and other OMA OneAPI gateways: POST JSON; messageId is missing at times, as is the tel: scheme.
    Shape(
        name="orange",
        number=("senderaddress",),
        text=("message",),
        code=("destinationaddress",),
        id=("messageid",),
        time=("datetime",),
        each=(_ONEAPI, "inboundsmsmessage", "inboundsmsmessagelist.inboundsmsmessage"),
        answer=EMPTY_OK,
    ),
    # Any gateway that can be told what to send: our own names, in a query, a form, JSON or XML.
    Shape(
        name="generic",
        number=("from", "msisdn", "number", "sender"),
        text=("text", "message", "body", "content"),
        code=("to", "short_code", "destination", "recipient"),
        id=("id", "message_id"),
        time=("received_at", "date", "time", "timestamp", "ts"),
        account=("account",),
        reply_to=("in_reply_to",),
        part=("part_ref", "part_number", "part_total"),
        each=("messages",),
    ),
)
