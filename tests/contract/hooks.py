"""What Schemathesis is told of this interface: when a refusal of something that the document takes is right.

Its own check takes the HTTP status for that; here `statusCode` 2 says that now is not the time, whatever the document
says of the body. Everything else that fits the document and is refused as unreadable is a difference between the
document and the server; those that are meant are listed, with reasons, in differences.json.
"""

import json
import pathlib

import schemathesis
from schemathesis.generation import GenerationMode

NOT_NOW = 2
DIFFERENCES = [
    difference
    for difference in json.loads(pathlib.Path(__file__).with_name("differences.json").read_text())
    if difference["check"] == "what_fits_is_taken"
]


def is_meant(operation, http, reply):
    """Whether the refusal is one of the listed differences."""
    return any(
        operation in difference["operations"]
        and http == difference["refused"]["http"]
        and reply["statusCode"] == difference["refused"]["code"]
        and reply["statusMessage"].startswith(difference["refused"]["message"])
        for difference in DIFFERENCES
    )


@schemathesis.check
def what_fits_is_taken(ctx, response, case):
    """What fits the document is not refused as wrong."""
    fits = case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE
    if not fits or response.status_code != 400:
        return
    reply = json.loads(response.content) if response.content else {"statusCode": None, "statusMessage": ""}
    operation = case.operation.definition.raw["operationId"]
    if reply["statusCode"] != NOT_NOW and not is_meant(operation, response.status_code, reply):
        raise AssertionError(f"{operation}: the document takes it, and the server says {reply}")


# Which codes go with an HTTP status (docs/api/status-codes.md).
CODES = {
    200: {0, 7},
    400: {1, 2, 10},
    403: {3, 5, 20},
    404: {6},
    405: {3},
    406: {10},
    408: {10},
    413: {10},
    415: {10},
    429: {4},
    431: {10},
    500: {4},
    503: {4},
}


@schemathesis.check
def the_code_goes_with_the_status(ctx, response, case):
    """Whatever is refused is refused by a code that goes with the HTTP status, and what fits is not forbidden but for the role."""
    try:
        reply = json.loads(response.content)
    except ValueError:
        return
    if not isinstance(reply, dict) or "statusCode" not in reply:
        return
    operation = case.operation.definition.raw["operationId"]
    code, http = reply["statusCode"], response.status_code
    if code not in CODES.get(http, set()):
        raise AssertionError(f"{operation}: {code} does not go with HTTP {http}")
    fits = case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE
    if fits and http == 403 and code == 3:
        raise AssertionError(f"{operation}: the document takes it, and the server forbids it: {reply}")
