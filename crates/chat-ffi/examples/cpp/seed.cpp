/*
 * The AttachUserData page in C++11: the chat that it shows, its request, and what the agent is then told.
 *
 *   c++ seed.cpp $(pkg-config --cflags --libs chatmodel) -o seed && ./seed
 *
 * Prints the reply and the notification, each on a line of its own.
 */
#include <chatmodel.hpp>

#include <iostream>

// The chat as the page prints it, before the request. The owner is whose state it is.
static const char CHAT[] = R"({"userData":{
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
 "id":"0000Wa9CAM6W00J"})";

static const char REQUEST[] = R"({"operationName":"AttachUserData",
  "userData":{"UserData1":"DATA1","UserData2":123456789}})";

int main() {
  try {
    chatmodel::chat chat = chatmodel::chat::from_json(CHAT);

    const auto owner = chat.owner();
    chatmodel::context context(1389261492035, owner);
    context.reference_id = 83;
    const chatmodel::applied applied = chat.apply_json(REQUEST, context);

    std::cout << applied.reply() << '\n';
    for (const chatmodel::notification &told : applied.notifications())
      std::cout << told.data << '\n';
  } catch (const chatmodel::error &error) {
    std::cerr << "seed: " << error.what() << '\n';
    return 1;
  }
}
