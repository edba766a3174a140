/*
 * Every class and function of chatmodel.hpp, used once. `cargo xtask test` compiles it as C++11 to C++20
 * and runs it; it prints the first thing that is not as expected.
 */
#include <chatmodel.hpp>

#include <functional>
#include <iostream>
#include <string>
#include <type_traits>
#include <utility>

namespace {

int wrong = 0;

void expect(bool is_so, const char *what, int line) {
  if (is_so) return;
  std::cerr << "line " << line << ": expected " << what << '\n';
  wrong++;
}
#define EXPECT(what) expect((what), #what, __LINE__)

template <typename Handle>
void moves_and_is_not_copied() {
  EXPECT(!std::is_copy_constructible<Handle>::value);
  EXPECT(!std::is_copy_assignable<Handle>::value);
  EXPECT(std::is_nothrow_move_constructible<Handle>::value);
  EXPECT(std::is_nothrow_move_assignable<Handle>::value);
}

bool contains(const std::string &text, const char *part) {
  return text.find(part) != std::string::npos;
}

chatmodel::applied perform(chatmodel::chat &chat, const chatmodel::op &op,
                           const chatmodel::directory &directory, const char *user = nullptr) {
  chatmodel::context context(1389261492035, user);
  context.set_directory(directory);
  context.reference_id = user == nullptr ? 0 : 7;
  chat.check(op, context);
  return chat.apply(op, context);
}

template <typename Function>
bool throws(chatm_status status, const char *code, Function function) {
  try {
    function();
  } catch (const chatmodel::error &error) {
    return error.status() == status && (code == nullptr || error.code() == code) &&
           error.message() == error.what() && !error.message().empty();
  }
  return false;
}

template <typename Function>
bool is_not_found(Function function) {
  return throws(CHATM_STATUS_NOT_FOUND, nullptr, function);
}

void a_chat_lives() {
  chatmodel::directory directory =
      chatmodel::directory::from_json(R"({"users":{"agent1":{}},"queues":{"q":{}},"defaultQueue":"q"})");
  directory.update(R"({"users":{"supervisor1":{}}})");
  directory.supervise(chatmodel::op::parse(CHATM_BY_MONITOR, R"({"operationName":"Monitor"})"),
                      "supervisor1", "agent1");

  chatmodel::chat chat("1");
  const std::string request = R"({"operationName":"RequestChat","nickname":"Chris"})";
  const chatmodel::op asked = chatmodel::op::parse(CHATM_BY_CUSTOMER, request);
  EXPECT(asked.name() == "RequestChat");
  EXPECT(asked.parameter("nickname") == "\"Chris\"");
  EXPECT(asked.to_json() == request);
  EXPECT(is_not_found([&] { chat.waiting(); }) && is_not_found([&] { chat.next_expiry(); }));

  chatmodel::chat replayed("1");
  replayed.replay(perform(chat, asked, directory).record());
  EXPECT(chat.waiting().queue == "q" && chat.waiting().since_ms == 1389261492035);
  replayed.replay(
      perform(chat, chatmodel::op::house(CHATM_TRIGGER_OFFER, "agent1"), directory).record());
  EXPECT(chat.can("agent1", "Accept"));
  EXPECT(chat.next_expiry().user == "agent1" && chat.next_expiry().at_ms > 1389261492035);
  EXPECT(!chat.can("agent1", "Transfer"));

  const chatmodel::op accept =
      chatmodel::op::parse(CHATM_BY_AGENT, R"({"operationName":"Accept","nickname":"Amy"})");
  const chatmodel::applied accepted = perform(chat, accept, directory, "agent1");
  directory.note(accepted);
  const auto told = accepted.notifications();
  EXPECT(!told.empty() && told[0].to == "agent1" && told[0].channel == "/v2/me/chats");
  EXPECT(told[0].data.find("\"referenceId\":7") != std::string::npos);
  EXPECT(contains(accepted.notifications_json(), "\"to\":\"supervisor1\""));
  EXPECT(accepted.reply().find("\"statusCode\":0") != std::string::npos);
  EXPECT(accepted.revision() == 3);
  EXPECT(replayed.replay(accepted.record()).notifications_json() == accepted.notifications_json());
  EXPECT(replayed.to_json() == chat.to_json());

  EXPECT(chat.id() == "1" && chat.revision() == 3 && !chat.is_finished());
  EXPECT(chat.users().size() == 2 && chat.users()[0] == "agent1");
  EXPECT(chat.state("agent1") == "Chatting" && chat.role("supervisor1") == "Monitor");
  EXPECT(!chat.capabilities("agent1").empty());
  EXPECT(contains(chat.view("agent1"), "\"state\":\"Chatting\""));
  EXPECT(contains(chat.messages("agent1", 0, 100), "\"nickname\":\"Amy\""));
  EXPECT(contains(chat.customer_view(), "\"state\":\"Chatting\""));
  std::uint64_t last = 0;
  EXPECT(contains(chat.customer_messages(0, &last), "\"nickname\":\"Amy\"") && last == 2);

  const chatmodel::chat copy = chat.clone();
  chatmodel::context context(1389261492036, "agent1");
  const chatmodel::rules rules =
      chatmodel::rules::from_json(R"({"referenceIdReplies":"Always","base":"https://example.com"})");
  context.set_rules(rules);
  context.reference_id = 8;
  const chatmodel::applied attached = chat.apply_json(
      std::string(R"({"operationName":"AttachUserData","userData":{"a":1}})"), context);
  EXPECT(attached.reply() == R"({"statusCode":0,"referenceId":8})");
  EXPECT(chat.user_data() == R"({"a":1})" && copy.user_data() == "{}");
  EXPECT(contains(chat.view("agent1", rules.get()), "https://example.com"));
  EXPECT(chat.view("agent1", rules) == chat.view("agent1", rules.get()));
  EXPECT(chat.messages("agent1", 0, 100, rules) == chat.messages("agent1", 0, 100, rules.get()));

  chatmodel::chat moved = std::move(chat);
  EXPECT(moved.revision() == 4);
  chat = chatmodel::chat::from_json(moved.to_json());
  EXPECT(chat.to_json() == moved.to_json() && chat.owner().empty());
}

void failures_are_thrown() {
  try {
    chatmodel::op::parse(CHATM_BY_AGENT, R"({"operationName":"AttachUserData"})");
    EXPECT(!"a refusal");
  } catch (const chatmodel::error &thrown) {
    const chatmodel::error error = thrown;
    EXPECT(error.status() == CHATM_STATUS_REFUSED && error.status_code() == 1);
    EXPECT(chatmodel::status_name(error.status()) == "CHATM_STATUS_REFUSED");
    EXPECT(error.code() == "parameter.missing" && error.has_pointer());
    EXPECT(error.pointer() == "/userData" && error.offset() == -1);
    EXPECT(error.message() == error.what() && !error.reply().empty());
    EXPECT(chatm_error_status(error.get()) == CHATM_STATUS_REFUSED);
  }
  try {
    chatmodel::limits limits;
    limits.max_depth = 1;
    chatmodel::user_data_merge("{}", R"({"a":{}})", &limits);
    EXPECT(!"a limit");
  } catch (const std::exception &error) {
    EXPECT(!std::string(error.what()).empty());
  }
  chatmodel::chat chat("1");
  chatmodel::chat moved = std::move(chat);
  try {
    chat.to_json();
    EXPECT(!"a chat that is there");
  } catch (const chatmodel::error &error) {
    EXPECT(error.status() == CHATM_STATUS_INVALID_ARGUMENT && !error.has_pointer());
    EXPECT(error.pointer().empty() && error.reply().empty());
  }
}

/// Without a word a directory that is NULL would be one in which everybody is.
void what_was_moved_from_is_refused() {
  chatmodel::directory directory = chatmodel::directory::from_json("{}");
  chatmodel::rules rules = chatmodel::rules::from_json("{}");
  chatmodel::context context(0, "agent1");
  context.set_directory(directory);
  context.set_rules(rules);
  EXPECT(context.directory == directory.get() && context.rules == rules.get());
  const chatmodel::directory other_directory = std::move(directory);
  const chatmodel::rules other_rules = std::move(rules);
  chatmodel::chat chat("1");
  const auto refused = [](std::function<void()> what) {
    return throws(CHATM_STATUS_INVALID_ARGUMENT, "argument.null", what);
  };
  EXPECT(refused([&] { context.set_directory(directory); }));
  EXPECT(refused([&] { context.set_rules(rules); }));
  EXPECT(refused([&] { chat.view("agent1", rules); }));
  EXPECT(refused([&] { chat.messages("agent1", 0, 1, rules); }));
  EXPECT(refused([&] { chat.replay("{}", rules); }));
  EXPECT(refused([&] { directory.update("{}"); }));
  EXPECT(context.directory == other_directory.get() && context.rules == other_rules.get());
}

void the_library_tells_of_itself() {
  EXPECT(chatmodel::abi() == CHATM_ABI);
  EXPECT(chatmodel::operation_names().size() == chatm_operation_count());
  EXPECT(chatmodel::schema_names().size() == chatm_schema_count());
  for (const chatmodel::text &name : chatmodel::schema_names())
    EXPECT(!chatmodel::schema(chatmodel::str(name)).empty());
  EXPECT(chatmodel::version() == CHATM_VERSION);
  EXPECT(chatmodel::schema("operation").find("$schema") != std::string::npos);
  chatmodel::validate("user-data", R"({"a":1})");
  EXPECT(chatmodel::user_data_merge(R"({"a":1})", R"({"b":2})") == R"({"a":1,"b":2})");
  EXPECT(chatmodel::user_data_remove(R"({"a":1,"b":2})", R"(["a"])") == R"({"b":2})");
}

}  // namespace

int main() {
  moves_and_is_not_copied<chatmodel::applied>();
  moves_and_is_not_copied<chatmodel::chat>();
  moves_and_is_not_copied<chatmodel::directory>();
  moves_and_is_not_copied<chatmodel::op>();
  moves_and_is_not_copied<chatmodel::rules>();
  a_chat_lives();
  failures_are_thrown();
  what_was_moved_from_is_refused();
  the_library_tells_of_itself();
  return wrong == 0 ? 0 : 1;
}
