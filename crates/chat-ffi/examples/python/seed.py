"""The AttachUserData page in Python: the chat that it shows, its request, and what the agent is told.

    pip install cffi
    python3 seed.py PREFIX/include/chatmodel.h PREFIX/lib/libchatmodel.so

What C programs include is what cffi reads here: the declarations between the two marks of the header.
Prints the reply and the notification, each on a line of its own.
"""

import sys

from cffi import FFI

# The chat as the page prints it, before the request. The owner is whose state it is.
CHAT = r"""{"userData":{
  "IdentifyCreateContact":"3",
  "RTargetTypeSelected":"2",
  "RTargetObjectSelected":"Chat distribution for processing",
  "RVQID":"",
  "ChatServerAppName":"es_chat",
  "PegAGChat distribution for processing":1,
  "ChatServerHost":"GWS-ubuntu.emea.int.genesyslab.com",
  "RTargetObjSelDBID":"115",
  "ChatServerPort":"7160",
  "CBR-Interaction_cost":"",
  "CBR-contract_DBIDs":"",
  "RTargetAgentSelected":"12345",
  "CBR-IT-path_DBIDs":"",
  "RTargetRuleSelected":"",
  "RTargetPlaceSelected":"a1",
  "CBR-actual_volume":"",
  "RTenant":"Environment",
  "ChatServerDBID":"115",
  "RRequestedSkills":null,
  "RRequestedSkillCombination":"",
  "RVQDBID":"",
  "RStrategyDBID":"776",
  "CustomerSegment":"default",
  "ServiceType":"default",
  "ServiceObjective":0,
  "DISP_KEY":"resolved",
  "RTargetRequested":"Chat distribution for processing",
  "RTargetAgentGroup":"Chat distribution for processing",
  "RStrategyName":"SimpleChatInStrategy",
  "Subject":"Customer support"},
 "state":"Chatting","owner":"agent1",
 "capabilities":["Transfer","Leave","Invite","Consult","SetInFocus",
  "SetDisposition","AttachUserData","DeleteUserData","UpdateUserData","Complete",
  "SendMessage","SendStartTypingNotification","SendStopTypingNotification"],
 "uri":"http://localhost:8080/api/v2/chats/0000Wa9CAM6W00J",
 "participants":[
  {"nickname":"test_consult_clientL","type":"Customer","participantId":"007352CE982D031B"},
  {"nickname":"TestName","type":"Agent","participantId":"007352CE984F0321"}],
 "id":"0000Wa9CAM6W00J"}"""

REQUEST = """{"operationName":"AttachUserData",
  "userData":{"UserData1":"DATA1","UserData2":123456789}}"""


class ChatError(Exception):
    """A call that failed: its stable code, and what was expected and what came."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Library:
    """libchatmodel, as its header declares it."""

    def __init__(self, header, library):
        self.ffi = FFI()
        with open(header, encoding="utf-8") as file:
            text = file.read()
        _, _, text = text.partition("/* declarations */")
        declarations, mark, _ = text.partition("/* end of declarations */")
        if not mark:
            raise ValueError(f"expected the two marks around the declarations in {header}")
        self.ffi.cdef(declarations)
        self.c = self.ffi.dlopen(library)

    def borrow(self, text):
        """A chatm_str and the bytes that it points to, which must live as long."""
        data = self.ffi.from_buffer("char[]", text.encode())
        return self.ffi.new("chatm_str *", {"ptr": data, "len": len(data)})[0], data

    def text(self, value):
        return None if value.ptr == self.ffi.NULL else self.ffi.string(value.ptr, value.len).decode()

    def call(self, function, *arguments):
        """Calls a function whose last parameter is a place for an error."""
        place = self.ffi.new("chatm_error **")
        if function(*arguments, place) == self.c.CHATM_STATUS_OK:
            return
        error = self.ffi.gc(place[0], self.c.chatm_error_free)
        raise ChatError(
            self.text(self.c.chatm_error_code(error)), self.text(self.c.chatm_error_message(error))
        )

    def made(self, function, *arguments, free):
        """Calls a function that makes a handle, which is freed with the last reference to it."""
        place = self.ffi.new(self.ffi.typeof(function).args[len(arguments)])
        self.call(function, *arguments, place)
        return self.ffi.gc(place[0], free)


def main(header, library):
    lib = Library(header, library)
    ffi, c = lib.ffi, lib.c

    json, keep = lib.borrow(CHAT)
    chat = lib.made(c.chatm_chat_from_json, json, ffi.NULL, free=c.chatm_chat_free)

    context = ffi.new("chatm_context *")
    context.struct_size = ffi.sizeof("chatm_context")
    context.user = c.chatm_chat_owner(chat)
    context.at_ms = 1389261492035
    context.reference_id = 83
    json, keep = lib.borrow(REQUEST)
    applied = lib.made(c.chatm_chat_apply_json, chat, json, context, free=c.chatm_applied_free)

    print(lib.text(c.chatm_applied_reply(applied)))
    for index in range(c.chatm_applied_notification_count(applied)):
        told = ffi.new("chatm_notification *")
        lib.call(c.chatm_applied_notification, applied, index, told)
        print(lib.text(told.data))


if __name__ == "__main__":
    main(*sys.argv[1:])
