"""Calls a function of the user's for each payload that comes over stdin, and answers over stdout.

python3 -c DRIVER SCRIPT FUNCTION FINDINGS BYTES: the script's source is the first payload; an answer says whether it could be
loaded. A request is two lengths (8 bytes, big-endian), facts as JSON, payload. An answer is a length and a JSON object: `findings`,
and in `ended` why there are no more: an `error`, or the `limit` of FINDINGS or BYTES of them.
"""
import sys

if sys.path[:1] == [""]:
    del sys.path[0]  # what lies in the working directory is no module of ours

import inspect
import json
import os
import struct
import threading
import time
import traceback
import types

SCRIPT, FUNCTION, FINDINGS, BYTES = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
OWN, PARENT = os.getpid(), os.getppid()


def main():
    requests, answers = private(0, "rb"), private(1, "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what the script prints must not be taken for an answer
    threading.Thread(target=end_with_parent, daemon=True).start()
    function, takes_facts = None, False
    while True:
        head = requests.read(16)
        if len(head) < 16:
            return
        facts_length, payload_length = struct.unpack(">QQ", head)
        facts, payload = requests.read(facts_length), requests.read(payload_length)
        if len(facts) < facts_length or len(payload) < payload_length:
            return
        try:
            if function is None:
                function, takes_facts = load(payload)
                answer = told(None)
            else:
                flow = types.SimpleNamespace(**json.loads(facts))
                answer = told(function(payload, flow) if takes_facts else function(payload))
        except BaseException as error:  # a script that calls sys.exit ends nothing
            answer = json.dumps({"findings": [], "ended": {"error": last_line(error)}})
        if os.getpid() != OWN:
            os._exit(0)  # a fork of the script came back: one of us answers
        answer = answer.encode()
        answers.write(struct.pack(">Q", len(answer)) + answer)
        answers.flush()
        del payload, answer


def private(fd, mode):
    """A copy of a descriptor that programs started by the script do not get."""
    return os.fdopen(os.dup(fd), mode)


def end_with_parent():
    while os.getppid() == PARENT:
        time.sleep(1)
    os._exit(1)


def load(source):
    """The function, and whether it takes facts beside the payload."""
    sys.argv = [SCRIPT]
    sys.path.insert(0, os.path.dirname(os.path.abspath(SCRIPT)))
    name = os.path.splitext(os.path.basename(SCRIPT))[0]
    module = types.ModuleType(name)
    module.__file__ = SCRIPT
    sys.modules.setdefault(name, module)
    exec(compile(source, SCRIPT, "exec"), module.__dict__)
    function = getattr(module, FUNCTION, None)
    if not callable(function):
        raise NameError("no function `%s`" % FUNCTION)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return function, False
    places = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    rest = any(one.kind == one.VAR_POSITIONAL for one in parameters)
    return function, rest or len(places) >= 2


def told(result):
    """What the function returned, as an answer."""
    texts, size, ended = [], 0, {}
    try:
        for one in several(result):
            if one is None:
                continue
            text = json.dumps(finding(one), allow_nan=False)
            size += len(text) + 1
            if len(texts) >= FINDINGS or size > BYTES:
                ended = {"limit": "findings" if len(texts) >= FINDINGS else "bytes"}
                break
            texts.append(text)
    except BaseException as error:  # what was found before stays
        ended = {"error": last_line(error)}
    return '{"findings":[%s],"ended":%s}' % (",".join(texts), json.dumps(ended))


def several(result):
    if isinstance(result, (list, tuple, set, frozenset)) or inspect.isgenerator(result):
        return result
    return (result,)


def finding(one):
    return plain(one) if isinstance(one, dict) else {"value": plain(one)}


def plain(value):
    """As JSON has it; what JSON has not is text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if -(1 << 63) <= value < 1 << 63 else str(value)
    if isinstance(value, float):
        return float(value) if abs(value) < float("inf") else str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {text(key): plain(member) for key, member in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(member) for member in value]
    return text(value)


def text(value):
    if isinstance(value, (bytes, bytearray)):
        return plain(value)
    return str(value).encode("utf-8", "backslashreplace").decode()  # half a surrogate pair is no text


def last_line(error):
    """The last line of the traceback, and the line of the script it is about."""
    line = traceback.format_exception_only(type(error), error)[-1].strip()
    places = [place.lineno for place in traceback.extract_tb(error.__traceback__) if place.filename == SCRIPT]
    if isinstance(error, SyntaxError) and error.lineno and error.filename == SCRIPT:
        places.append(error.lineno)
    return text(line[:500] + (" (line %d)" % places[-1] if places else ""))


main()
