// The AttachUserData page in Node.js: the chat that it shows, its request, and what the agent is told.
//
//   npm install koffi
//   node seed.mjs PREFIX/include/chatmodel.h PREFIX/lib/libchatmodel.so
//
// What C programs include is what this reads: types and prototypes come from the header, from between
// its two marks.
// Prints the reply and the notification, each on a line of its own.

import { readFileSync } from "node:fs";
import koffi from "koffi";

// The chat as the page prints it, before the request. The owner is whose state it is.
const CHAT = `{"userData":{
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
 "id":"0000Wa9CAM6W00J"}`;

const REQUEST = `{"operationName":"AttachUserData",
  "userData":{"UserData1":"DATA1","UserData2":123456789}}`;

const [header, library] = process.argv.slice(2);
const c = load(readFileSync(header, "utf8"), koffi.load(library));

// What is to be freed at the end, the last made first.
const handles = [];
try {
  const chat = made(c.chatm_chat_free, c.chatm_chat_from_json, borrowed(CHAT), null);
  const context = {
    struct_size: koffi.sizeof("chatm_context"),
    user: c.chatm_chat_owner(chat),
    at_ms: 1389261492035,
    reference_id: 83,
  };
  const request = borrowed(REQUEST);
  const applied = made(c.chatm_applied_free, c.chatm_chat_apply_json, chat, request, context);

  console.log(text(c.chatm_applied_reply(applied)));
  for (let index = 0; index < c.chatm_applied_notification_count(applied); index++) {
    const told = {};
    call(c.chatm_applied_notification, applied, index, told);
    console.log(text(told.data));
  }
} finally {
  for (const [free, handle] of handles.reverse()) free(handle);
}

// Calls a function whose last parameter is a place for an error.
function call(name, ...words) {
  const place = [null];
  if (name(...words, place) === 0) return;
  const [error] = place;
  const message = text(c.chatm_error_message(error));
  c.chatm_error_free(error);
  throw new Error(message);
}

// Calls a function that makes a handle, which is freed at the end.
function made(free, name, ...words) {
  const place = [null];
  call(name, ...words, place);
  handles.push([free, place[0]]);
  return place[0];
}

// A chatm_str, which has a length and no NUL.
function borrowed(text) {
  const bytes = Buffer.from(text);
  return { ptr: bytes, len: bytes.length };
}

function text({ ptr, len }) {
  if (ptr === null) return null;
  return Buffer.from(koffi.decode(ptr, koffi.array("uint8_t", Number(len)))).toString();
}

// Tells koffi what the header declares, and gives the functions by their names.
function load(header, library) {
  const [, behind] = header.split("/* declarations */");
  const [text] = behind.split("/* end of declarations */");
  const declarations = text.replace(/\/\*[^]*?\*\//g, "");
  for (const [, name] of declarations.matchAll(/^typedef struct (\w+) \1;/gm)) koffi.opaque(name);
  for (const [, type, name] of declarations.matchAll(/^typedef (\w+) (\w+);/gm)) {
    koffi.alias(name, type);
  }
  for (const [, name] of declarations.matchAll(/^typedef \w+ \(\*(\w+)\)/gm)) {
    koffi.alias(name, "void *");
  }
  for (const [, name, body] of declarations.matchAll(/^typedef struct (\w+) \{([^}]*)\}/gm)) {
    const members = body.split(";").map((member) => member.trim()).filter(Boolean);
    koffi.struct(name, Object.fromEntries(members.map((member) => {
      const [, type, name] = /^(?:const )?(.*?) ?(\w+)$/.exec(member);
      // To koffi a `char *` is a string that ends with a NUL, and a chatm_str does not.
      return [name, type.replace("char *", "void *")];
    })));
  }
  const functions = {};
  for (const [prototype, name] of declarations.matchAll(/^(?!typedef)[\w *]+?(\w+)\([^)]*\);/gm)) {
    functions[name] = library.func(
      prototype
        .replace(/(\w+ \*\*\w+)/g, "_Out_ $1")
        .replace("chatm_buf *buffer", "_Inout_ chatm_buf *buffer")
        .replace(/(?<!Inout_ )((?:chatm_(?:notification|str|buf)|u?int64_t) \*\w+)/g, "_Out_ $1"),
    );
  }
  return functions;
}
