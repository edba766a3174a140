/*
 * Four threads: each works on a chat of its own by rules, operations and a directory that all share, and
 * all of them look at one chat at once, and read what one operation gave.
 */
#include <pthread.h>

#include "check.h"

enum { THREADS = 4, ROUNDS = 5 };

struct shared {
  const chatm_rules *rules;
  const chatm_directory *directory;
  const chatm_op *op;
  const chatm_chat *chat;
  const chatm_applied *applied;
  const chatm_error *error;
};

static void own(const struct shared *shared) {
  chatm_chat *chat = NULL;
  chatm_applied *applied = NULL;
  chatm_buf record = CHATM_BUF_INIT;
  chatm_context context = acts("agent1");
  context.rules = shared->rules;
  context.directory = shared->directory;
  WORKS(chatm_chat_clone(shared->chat, &chat, NULL));
  WORKS(chatm_applied_record(shared->applied, &record, NULL));
  WORKS(chatm_chat_replay(chat, chatm_buf_str(&record), shared->rules, NULL, NULL));
  chatm_buf_free(&record);
  WORKS(chatm_chat_apply(chat, shared->op, &context, &applied, NULL));
  CHECK(chatm_applied_notification_count(applied) == 1);
  chatm_applied_free(applied);
  chatm_chat_free(chat);
}

static void together(const struct shared *shared) {
  const chatm_chat *chat = shared->chat;
  chatm_context context = acts("agent1");
  chatm_str text = CHATM_STR_INIT, user = chatm_chat_user(chat, 0);
  chatm_buf buffer = CHATM_BUF_INIT;
  chatm_notification told;
  size_t count = 0;
  uint64_t last = 0;
  int64_t at_ms = 0;
  chatm_op *op = NULL;
  CHECK(sum(user) > 0 && sum(chatm_chat_id(chat)) > 0 && sum(chatm_chat_owner(chat)) > 0);
  CHECK(chatm_chat_user_count(chat) == 1 && chatm_chat_revision(chat) == 0 && chatm_chat_is_finished(chat) == 0);
  WORKS(chatm_chat_check(chat, shared->op, &context, NULL));
  WORKS(chatm_chat_state(chat, user, &text, NULL));
  WORKS(chatm_chat_role(chat, user, &text, NULL));
  WORKS(chatm_chat_capability_count(chat, user, &count, NULL));
  WORKS(chatm_chat_capability(chat, user, 0, &text, NULL));
  CHECK(chatm_chat_can(chat, user, text) == 1);
  WORKS(chatm_chat_view(chat, user, shared->rules, &buffer, NULL));
  chatm_buf_free(&buffer);
  WORKS(chatm_chat_messages(chat, user, 0, 10, shared->rules, &buffer, NULL));
  chatm_buf_free(&buffer);
  WORKS(chatm_chat_user_data(chat, &buffer, NULL));
  chatm_buf_free(&buffer);
  WORKS(chatm_chat_to_json(chat, &buffer, NULL));
  chatm_buf_free(&buffer);
  CHECK(chatm_chat_customer_view(chat, &buffer, NULL) == CHATM_STATUS_NOT_FOUND);
  CHECK(chatm_chat_customer_messages(chat, 0, &buffer, &last, NULL) == CHATM_STATUS_NOT_FOUND);
  CHECK(chatm_chat_next_expiry(chat, &at_ms, &text, NULL) == CHATM_STATUS_NOT_FOUND);
  CHECK(chatm_chat_waiting(chat, &text, &at_ms, NULL) == CHATM_STATUS_NOT_FOUND);
  CHECK(sum(chatm_op_name(shared->op)) > 0);
  WORKS(chatm_op_parameter(shared->op, chatm_cstr("userData"), &text, NULL));
  WORKS(chatm_op_to_json(shared->op, &buffer, NULL));
  WORKS(chatm_op_parse(CHATM_BY_AGENT, chatm_buf_str(&buffer), NULL, &op, NULL));
  chatm_op_free(op);
  chatm_buf_free(&buffer);
  WORKS(chatm_applied_notification(shared->applied, 0, &told, NULL));
  CHECK(sum(told.data) > 0 && sum(chatm_applied_reply(shared->applied)) > 0);
  CHECK(sum(chatm_error_message(shared->error)) > 0 && sum(chatm_error_reply(shared->error)) > 0);
  WORKS(chatm_schema(chatm_cstr("operation"), &text, NULL));
}

static void *thread(void *data) {
  int round;
  for (round = 0; round < ROUNDS; round++) {
    own(data);
    together(data);
  }
  return NULL;
}

int main(void) {
  pthread_t threads[THREADS];
  chatm_rules *rules = NULL;
  chatm_directory *directory = NULL;
  chatm_chat *chat = NULL, *other = NULL;
  chatm_applied *applied = NULL;
  chatm_error *error = NULL;
  chatm_op *op = parsed(CHATM_BY_AGENT, ATTACH), *none = NULL;
  chatm_context context = acts("agent1");
  struct shared shared;
  int at;

  WORKS(chatm_rules_from_json(chatm_cstr("{\"timeOffsetMinutes\":120}"), NULL, &rules, NULL));
  WORKS(chatm_directory_from_json(chatm_cstr("{\"users\":{\"agent1\":{}}}"), NULL, &directory, NULL));
  WORKS(chatm_chat_from_json(chatm_cstr(CHAT), NULL, &chat, NULL));
  WORKS(chatm_chat_clone(chat, &other, NULL));
  WORKS(chatm_chat_apply(other, op, &context, &applied, NULL));
  CHECK(chatm_op_parse(CHATM_BY_AGENT, chatm_cstr("{"), NULL, &none, &error) == CHATM_STATUS_REFUSED);
  shared.rules = rules;
  shared.directory = directory;
  shared.op = op;
  shared.chat = chat;
  shared.applied = applied;
  shared.error = error;

  for (at = 0; at < THREADS; at++) CHECK(pthread_create(&threads[at], NULL, thread, &shared) == 0);
  for (at = 0; at < THREADS; at++) CHECK(pthread_join(threads[at], NULL) == 0);

  chatm_error_free(error);
  chatm_applied_free(applied);
  chatm_chat_free(other);
  chatm_chat_free(chat);
  chatm_directory_free(directory);
  chatm_rules_free(rules);
  chatm_op_free(op);
  puts("four threads");
  return 0;
}
