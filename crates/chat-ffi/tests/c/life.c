/*
 * The whole life of a chat with every function of the library, in success and in failure, for tools
 * that watch what becomes of memory.
 */
#include "check.h"

static int32_t counting(void *data, uint8_t *bytes, size_t len) {
  size_t at;
  for (at = 0; at < len; at++) bytes[at] = (uint8_t)(*(unsigned char *)data + at);
  *(unsigned char *)data += 1;
  return 0;
}

static int32_t failing(void *data, uint8_t *bytes, size_t len) {
  (void)data, (void)bytes, (void)len;
  return 7;
}

static void library(void) {
  chatm_str json = CHATM_STR_INIT;
  size_t at;
  CHECK(chatm_abi() == CHATM_ABI);
  CHECK(strcmp(chatm_version(), CHATM_VERSION) == 0);
  CHECK(strcmp(chatm_status_name(CHATM_STATUS_PANIC), "CHATM_STATUS_PANIC") == 0);
  for (at = 0; at < chatm_operation_count(); at++) CHECK(sum(chatm_operation_name(at)) > 0);
  CHECK(chatm_operation_name(at).ptr == NULL);
  for (at = 0; at < chatm_schema_count(); at++) {
    WORKS(chatm_schema(chatm_schema_name(at), &json, NULL));
    CHECK(sum(json) > 0);
  }
  CHECK(chatm_schema(chatm_cstr("nothing"), &json, NULL) == CHATM_STATUS_NOT_FOUND);
}

static void errors(void) {
  chatm_error *error = NULL;
  chatm_op *op = NULL;
  CHECK(chatm_op_parse(CHATM_BY_AGENT, chatm_cstr("{\"operationName\":"), NULL, &op, &error) ==
        CHATM_STATUS_REFUSED);
  CHECK(op == NULL && chatm_error_status(error) == CHATM_STATUS_REFUSED);
  CHECK(chatm_error_status_code(error) != 0 && chatm_error_offset(error) == 17);
  CHECK(sum(chatm_error_code(error)) > 0 && sum(chatm_error_message(error)) > 0);
  CHECK(chatm_error_pointer(error).ptr != NULL && sum(chatm_error_reply(error)) > 0);
  chatm_error_free(error);
  CHECK(chatm_op_parse(99, chatm_cstr(ATTACH), NULL, &op, &error) == CHATM_STATUS_INVALID_ARGUMENT);
  CHECK(chatm_error_reply(error).ptr == NULL && chatm_error_offset(error) == -1);
  chatm_error_free(error);
  chatm_error_free(NULL);
}

static void values(void) {
  chatm_buf buffer = CHATM_BUF_INIT;
  chatm_limits limits = CHATM_LIMITS_INIT;
  WORKS(chatm_user_data_merge(chatm_cstr("{\"a\":1}"), chatm_cstr("{\"a\":2,\"b\":[3]}"), NULL, &buffer,
                              NULL));
  CHECK(strcmp(buffer.ptr, "{\"a\":2,\"b\":[3]}") == 0);
  done_with(&buffer);
  WORKS(chatm_user_data_remove(chatm_cstr("{\"a\":1}"), chatm_cstr("[\"a\"]"), NULL, &buffer, NULL));
  done_with(&buffer);
  limits.max_keys = 1;
  CHECK(chatm_user_data_merge(chatm_cstr("{\"a\":1}"), chatm_cstr("{\"b\":1}"), &limits, &buffer, NULL) ==
        CHATM_STATUS_INVALID_VALUE);
  CHECK(buffer.ptr == NULL);
  WORKS(chatm_validate(chatm_cstr("chat"), chatm_cstr(CHAT), NULL, NULL));
  CHECK(chatm_validate(chatm_cstr("chat"), chatm_cstr("{"), NULL, NULL) == CHATM_STATUS_INVALID_JSON);
}

/* Asks a chat everything that it answers about `user`. */
static void look(const chatm_chat *chat, const char *user, const chatm_rules *rules) {
  chatm_str text = CHATM_STR_INIT, name = chatm_cstr(user);
  chatm_buf buffer = CHATM_BUF_INIT;
  size_t count = 0, at;
  WORKS(chatm_chat_state(chat, name, &text, NULL));
  CHECK(sum(text) > 0);
  WORKS(chatm_chat_role(chat, name, &text, NULL));
  CHECK(sum(text) > 0);
  WORKS(chatm_chat_capability_count(chat, name, &count, NULL));
  CHECK(count > 0);
  for (at = 0; at < count; at++) {
    WORKS(chatm_chat_capability(chat, name, (size_t)at, &text, NULL));
    CHECK(chatm_chat_can(chat, name, text) == 1);
  }
  CHECK(chatm_chat_capability(chat, name, (size_t)at, &text, NULL) == CHATM_STATUS_NOT_FOUND);
  WORKS(chatm_chat_view(chat, name, rules, &buffer, NULL));
  done_with(&buffer);
  WORKS(chatm_chat_messages(chat, name, 0, 100, rules, &buffer, NULL));
  done_with(&buffer);
  WORKS(chatm_chat_user_data(chat, &buffer, NULL));
  done_with(&buffer);
}

/* Applies `op` to both chats: to one as it is, to the other from the record of the first. */
static chatm_applied *apply(chatm_chat *chat, chatm_chat *copy, chatm_op *op, chatm_context context) {
  chatm_applied *applied = NULL, *again = NULL;
  chatm_notification told;
  chatm_buf record = CHATM_BUF_INIT, all = CHATM_BUF_INIT;
  size_t at;
  WORKS(chatm_chat_check(chat, op, &context, NULL));
  WORKS(chatm_chat_apply(chat, op, &context, &applied, NULL));
  CHECK(sum(chatm_applied_reply(applied)) > 0);
  CHECK(chatm_applied_revision(applied) == chatm_chat_revision(chat));
  for (at = 0; at < chatm_applied_notification_count(applied); at++) {
    WORKS(chatm_applied_notification(applied, at, &told, NULL));
    CHECK(sum(told.to) > 0 && sum(told.channel) > 0 && sum(told.data) > 0);
  }
  WORKS(chatm_applied_notifications(applied, &all, NULL));
  done_with(&all);
  WORKS(chatm_applied_record(applied, &record, NULL));
  WORKS(chatm_chat_replay(copy, chatm_buf_str(&record), NULL, &again, NULL));
  CHECK(chatm_applied_notification_count(again) == chatm_applied_notification_count(applied));
  chatm_applied_free(again);
  done_with(&record);
  chatm_op_free(op);
  return applied;
}

static void same(const chatm_chat *one, const chatm_chat *other) {
  chatm_buf a = CHATM_BUF_INIT, b = CHATM_BUF_INIT;
  WORKS(chatm_chat_to_json(one, &a, NULL));
  WORKS(chatm_chat_to_json(other, &b, NULL));
  CHECK(strcmp(a.ptr, b.ptr) == 0);
  done_with(&a);
  done_with(&b);
}

static void conversation(void) {
  chatm_rules *rules = NULL;
  chatm_directory *directory = NULL;
  chatm_chat *chat = NULL, *copy = NULL;
  chatm_applied *applied;
  chatm_op *op;
  chatm_buf buffer = CHATM_BUF_INIT;
  chatm_str text = CHATM_STR_INIT;
  chatm_context context;
  unsigned char seed = 1;
  int64_t at_ms = 0;
  uint64_t last = 0;
  size_t at;

  WORKS(chatm_rules_from_json(chatm_cstr("{\"timeOffsetMinutes\":120}"), NULL, &rules, NULL));
  WORKS(chatm_directory_from_json(
      chatm_cstr("{\"users\":{\"amy\":{\"name\":\"Amy\"},\"sue\":{}},"
                 "\"queues\":{\"q\":{\"ready\":[\"amy\"]}},\"defaultQueue\":\"q\"}"),
      NULL, &directory, NULL));
  WORKS(chatm_directory_update(directory, chatm_cstr("{\"users\":{\"bob\":{}}}"), NULL, NULL));
  op = parsed(CHATM_BY_MONITOR,
              "{\"operationName\":\"Monitor\",\"supervisorMonitoringMode\":\"NextChat\","
              "\"nickname\":\"Sue\"}");
  WORKS(chatm_directory_supervise(directory, op, chatm_cstr("sue"), chatm_cstr("amy"), NULL));
  chatm_op_free(op);

  WORKS(chatm_chat_new(chatm_cstr("chat1"), &chat, NULL));
  WORKS(chatm_chat_clone(chat, &copy, NULL));
  CHECK(chatm_chat_owner(chat).ptr == NULL && chatm_chat_user_count(chat) == 0);

  /* The customer asks for it; the ids come from the program. */
  context = acts("");
  context.directory = directory;
  context.rules = rules;
  context.random = failing;
  op = parsed(CHATM_BY_CUSTOMER, "{\"operationName\":\"RequestChat\",\"nickname\":\"Chris\"}");
  WORKS(chatm_op_to_json(op, &buffer, NULL));
  done_with(&buffer);
  WORKS(chatm_op_parameter(op, chatm_cstr("nickname"), &text, NULL));
  CHECK(text.len == 7 && sum(text) > 0 && sum(chatm_op_name(op)) > 0);
  CHECK(chatm_chat_apply(chat, op, &context, NULL, NULL) == CHATM_STATUS_CALLBACK_FAILED);
  CHECK(chatm_chat_revision(chat) == 0);
  context.random = counting;
  context.random_data = &seed;
  applied = apply(chat, copy, op, context);
  chatm_applied_free(applied);
  WORKS(chatm_chat_waiting(chat, &text, &at_ms, NULL));
  CHECK(sum(text) > 0 && at_ms == context.at_ms);
  WORKS(chatm_chat_customer_view(chat, &buffer, NULL));
  done_with(&buffer);
  WORKS(chatm_chat_customer_messages(chat, 0, &buffer, &last, NULL));
  CHECK(last == 1);
  done_with(&buffer);

  /* The house offers it, Amy accepts, and Sue comes along. */
  applied = apply(chat, copy, house(CHATM_TRIGGER_OFFER, "amy"), context);
  chatm_applied_free(applied);
  WORKS(chatm_chat_next_expiry(chat, &at_ms, &text, NULL));
  CHECK(at_ms > context.at_ms && sum(text) > 0);
  context.user = text; /* the chat's own text */
  op = parsed(CHATM_BY_AGENT, "{\"operationName\":\"Accept\",\"nickname\":\"Amy\"}");
  applied = apply(chat, copy, op, context);
  WORKS(chatm_directory_note(directory, applied, NULL));
  chatm_applied_free(applied);
  CHECK(chatm_chat_user_count(chat) == 2);
  for (at = 0; at < chatm_chat_user_count(chat); at++) CHECK(sum(chatm_chat_user(chat, at)) > 0);
  look(chat, "amy", rules);
  look(chat, "sue", NULL);
  same(chat, copy);

  /* What is refused leaves everything as it was. */
  context = acts("amy");
  CHECK(chatm_chat_apply_json(chat, chatm_cstr("{\"operationName\":\"Accept\"}"), &context, &applied, NULL) ==
        CHATM_STATUS_REFUSED);
  CHECK(applied == NULL);
  same(chat, copy);
  WORKS(chatm_chat_apply_json(chat, chatm_cstr(ATTACH), &context, NULL, NULL));

  /* The customer goes. */
  op = house(CHATM_TRIGGER_CUSTOMER_GONE, "");
  WORKS(chatm_chat_apply(chat, op, &context, NULL, NULL));
  chatm_op_free(op);
  CHECK(sum(chatm_chat_id(chat)) > 0 && chatm_chat_is_finished(chat) == 0);

  /* Rules and directory may go before the chats that knew them. */
  chatm_directory_free(directory);
  chatm_rules_free(rules);
  chatm_chat_free(copy);
  chatm_chat_free(chat);
}

static void resource(void) {
  chatm_chat *chat = NULL;
  WORKS(chatm_chat_from_json(chatm_cstr(CHAT), NULL, &chat, NULL));
  CHECK(sum(chatm_chat_owner(chat)) > 0);
  chatm_chat_free(chat);
  CHECK(chatm_chat_from_json(chatm_cstr("{\"id\":"), NULL, &chat, NULL) == CHATM_STATUS_INVALID_JSON);
  CHECK(chat == NULL);
}

int main(void) {
  library();
  errors();
  values();
  conversation();
  resource();
  puts("the whole life of a chat");
  return 0;
}
