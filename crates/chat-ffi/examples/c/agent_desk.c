/*
 * A chat from the customer's first word to its end: the house offers it, an agent accepts, asks a
 * colleague, transfers, and everybody is told what concerns them. A directory says who is there.
 *
 *   cc agent_desk.c $(pkg-config --cflags --libs chatmodel) -o agent_desk && ./agent_desk
 *
 * Prints each operation with its reply, and below it who is told what.
 */
#include <chatmodel.h>
#include <stdio.h>
#include <string.h>

static const char DIRECTORY[] =
    "{\"users\":{\"agent1\":{\"name\":\"Amy\"},\"agent2\":{\"name\":\"Bob\"},"
    "\"agent3\":{\"name\":\"Cat\",\"inSession\":false}},"
    "\"queues\":{\"support\":{\"ready\":[\"agent1\"]},\"billing\":{}},"
    "\"defaultQueue\":\"support\"}";

/* What the default rules put before the address of everything. */
#define API "http://localhost:8080/api/v2"

struct step {
  const char *who;  /* "customer", "house", "directory", or the agent */
  const char *what; /* the body of the operation; for the house, whom it offers the chat;
                       for the directory, what changes in it */
};

static const struct step STEPS[] = {
    {"customer",
     "{\"operationName\":\"RequestChat\",\"nickname\":\"Chris\",\"subject\":\"An invoice\"}"},
    {"house", "agent1"},
    {"agent1", "{\"operationName\":\"Accept\",\"nickname\":\"Amy\"}"},
    {"customer", "{\"operationName\":\"SendMessage\",\"text\":\"Is this right?\"}"},
    {"agent1", "{\"operationName\":\"SendMessage\",\"text\":\"I shall ask.\"}"},
    {"agent1", "{\"operationName\":\"Consult\",\"targetUri\":\"" API "/users/agent3\"}"},
    {"directory",
     "{\"users\":{\"agent3\":{\"name\":\"Cat\"}},\"queues\":{\"billing\":{\"ready\":[\"agent3\"]}}}"},
    {"agent1", "{\"operationName\":\"Consult\",\"targetUri\":\"" API "/users/agent2\"}"},
    {"agent2", "{\"operationName\":\"Accept\",\"nickname\":\"Bob\"}"},
    {"agent2", "{\"operationName\":\"SendMessage\",\"text\":\"Billing knows.\"}"},
    {"agent2", "{\"operationName\":\"Transfer\",\"queueName\":\"billing\"}"},
    {"agent2", "{\"operationName\":\"Leave\"}"},
    {"agent1", "{\"operationName\":\"Transfer\",\"queueName\":\"billing\"}"},
    {"house", "agent3"},
    {"agent3", "{\"operationName\":\"Accept\",\"nickname\":\"Cat\"}"},
    {"agent3", "{\"operationName\":\"SendMessage\",\"text\":\"It is wrong, and corrected.\"}"},
    {"agent3", "{\"operationName\":\"SetDisposition\",\"disposition\":\"solved\"}"},
    {"customer", "{\"operationName\":\"Complete\"}"},
    {"agent3", "{\"operationName\":\"Complete\"}"},
};

static void print(const char *before, chatm_str text, const char *after) {
  fputs(before, stdout);
  fwrite(text.ptr, 1, text.len, stdout);
  fputs(after, stdout);
}

/* Makes the operation of a step. */
static chatm_status read_step(const struct step *step, chatm_op **op, chatm_error **error) {
  if (strcmp(step->who, "house") == 0)
    return chatm_op_house(CHATM_TRIGGER_OFFER, chatm_cstr(step->what), op, error);
  return chatm_op_parse(strcmp(step->who, "customer") == 0 ? CHATM_BY_CUSTOMER : CHATM_BY_AGENT,
                        chatm_cstr(step->what), NULL, op, error);
}

/* Lets one step happen. A refusal is an answer like any other; anything else that fails is a fault. */
static int perform(chatm_chat *chat, const chatm_directory *directory, const struct step *step,
                   uint64_t number) {
  chatm_op *op = NULL;
  chatm_applied *applied = NULL;
  chatm_error *error = NULL;
  chatm_context context = CHATM_CONTEXT_INIT;
  int result = -1;

  if (read_step(step, &op, &error) != CHATM_STATUS_OK) goto out;

  context.user = chatm_cstr(step->who); /* not looked at for the customer and the house */
  context.at_ms = 1389261492035 + 1000 * (int64_t)number;
  context.reference_id = number;
  context.directory = directory;
  printf("%s ", step->who);
  print("", chatm_op_name(op), " -> ");
  if (chatm_chat_apply(chat, op, &context, &applied, &error) == CHATM_STATUS_REFUSED) {
    print("", chatm_error_reply(error), "\n");
    result = 0;
    goto out;
  }
  if (applied == NULL) goto out;

  print("", chatm_applied_reply(applied), "\n");
  for (size_t i = 0; i < chatm_applied_notification_count(applied); i++) {
    chatm_notification told;
    if (chatm_applied_notification(applied, i, &told, &error) != CHATM_STATUS_OK) goto out;
    print("  ", told.to, " ");
    print("", told.data, "\n");
  }
  result = 0;

out:
  if (result != 0) print("failed: ", chatm_error_message(error), "\n");
  chatm_error_free(error);
  chatm_applied_free(applied);
  chatm_op_free(op);
  return result;
}

int main(void) {
  chatm_chat *chat = NULL;
  chatm_directory *directory = NULL;
  chatm_error *error = NULL;
  chatm_buf transcript = CHATM_BUF_INIT;
  int result = 1;

  if (chatm_directory_from_json(chatm_cstr(DIRECTORY), NULL, &directory, &error) != CHATM_STATUS_OK)
    goto out;
  if (chatm_chat_new(chatm_cstr("0000Wa9CAM6W00J"), &chat, &error) != CHATM_STATUS_OK) goto out;

  for (size_t i = 0; i < sizeof STEPS / sizeof STEPS[0]; i++) {
    if (strcmp(STEPS[i].who, "directory") == 0) {
      if (chatm_directory_update(directory, chatm_cstr(STEPS[i].what), NULL, &error) !=
          CHATM_STATUS_OK)
        goto out;
    } else if (perform(chat, directory, &STEPS[i], i + 1) != 0) {
      goto out;
    }
  }

  if (chatm_chat_customer_messages(chat, 0, &transcript, NULL, &error) != CHATM_STATUS_OK) goto out;
  printf("finished: %s\n", chatm_chat_is_finished(chat) ? "yes" : "no");
  print("what the customer has read: ", chatm_buf_str(&transcript), "\n");
  result = 0;

out:
  if (error != NULL) print("failed: ", chatm_error_message(error), "\n");
  chatm_buf_free(&transcript);
  chatm_error_free(error);
  chatm_chat_free(chat);
  chatm_directory_free(directory);
  return result;
}
