/*
 * chatmodel.h for C++11 to C++20: handles that free themselves, and failures as exceptions.
 *
 *   chatmodel::chat chat = chatmodel::chat::from_json(json);
 *   chatmodel::context context(now_in_ms, "agent1");
 *   chatmodel::applied applied = chat.apply_json(operation, context);
 *   for (const chatmodel::notification &told : applied.notifications()) send(told.to, told.data);
 *
 * Every class has one handle, can be moved and not copied, and gives the handle out by get() for the
 * functions of chatmodel.h, whose comments say what each call does. What was moved from has the handle
 * NULL. A call that can fail throws CHATM_STATUS_INVALID_ARGUMENT for it; one that cannot gives what its
 * function gives for NULL, such as no text or 0. But rules and directories that are NULL stand for the
 * default ones in chatmodel.h: so give them as what they are (context.set_rules, context.set_directory,
 * chat.view(user, rules)), which throws if they were moved from, rather than by get(), which cannot tell.
 *
 * Text goes in as chatmodel::str, which a C string, a std::string and a std::string_view become by
 * themselves. It comes out as chatmodel::text: from C++17 on a std::string_view that lives as long as
 * the comment in chatmodel.h says, before that a std::string of its own. So from C++17 on, text that
 * belongs to a handle cannot be asked of a temporary, which would be gone before the text is read.
 *
 * What depends on that is another type before C++17 than from then on: parts of a program that are
 * compiled by different standards can each use this header, but what they hand to each other must be the
 * handles of chatmodel.h; with the classes they do not link. An exception is caught as std::exception.
 */
#ifndef CHATMODEL_HPP
#define CHATMODEL_HPP

#include <chatmodel.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#if __cplusplus >= 201703L || (defined(_MSVC_LANG) && _MSVC_LANG >= 201703L)
#define CHATMODEL_HAS_STRING_VIEW 1
#include <string_view>
#else
#define CHATMODEL_HAS_STRING_VIEW 0
#endif

/* A name for each of the two, as a part of the name of every function that is given or gives such a class:
 * otherwise a linker would take one for the other, and the program would read one as the other. */
#if defined(__GNUC__) || defined(__clang__)
#define CHATMODEL_ABI_TAG(tag) __attribute__((__abi_tag__(tag)))
#else
#define CHATMODEL_ABI_TAG(tag)
#endif

/* Stands beside a function that gives text of its object. */
#if CHATMODEL_HAS_STRING_VIEW
#define CHATMODEL_NOT_OF_TEMPORARY(function) function const && = delete;
#else
#define CHATMODEL_NOT_OF_TEMPORARY(function)
#endif

namespace chatmodel {

#if CHATMODEL_HAS_STRING_VIEW
inline namespace views CHATMODEL_ABI_TAG("chatmodel_views") {
/// Text that comes out.
using text = std::string_view;
#else
inline namespace strings CHATMODEL_ABI_TAG("chatmodel_strings") {
/// Text that comes out.
using text = std::string;
#endif

/// Text that goes in; it borrows.
class str {
 public:
  str() noexcept : value_(chatm_cstr(nullptr)) {}
  str(chatm_str value) noexcept : value_(value) {}
  str(const char *value) noexcept : value_(chatm_cstr(value)) {}
  str(const std::string &value) noexcept : value_(of(value.data(), value.size())) {}
#if CHATMODEL_HAS_STRING_VIEW
  str(std::string_view value) noexcept : value_(of(value.data(), value.size())) {}
#endif
  operator chatm_str() const noexcept { return value_; }

 private:
  static chatm_str of(const char *data, std::size_t size) noexcept {
    chatm_str value = CHATM_STR_INIT;
    value.ptr = data;
    value.len = size;
    return value;
  }

  chatm_str value_;
};

namespace detail {

template <typename T, void (*Free)(T *)>
struct freer {
  void operator()(T *handle) const noexcept { Free(handle); }
};

template <typename T, void (*Free)(T *)>
using handle = std::unique_ptr<T, freer<T, Free>>;

inline text out(chatm_str value) {
  return value.ptr == nullptr ? text() : text(value.ptr, value.len);
}

inline std::string owned(chatm_str value) {
  return value.ptr == nullptr ? std::string() : std::string(value.ptr, value.len);
}

/// A buffer that gives back what it holds.
class buffer {
 public:
  buffer() noexcept : value_() {}
  buffer(const buffer &) = delete;
  buffer &operator=(const buffer &) = delete;
  ~buffer() { chatm_buf_free(&value_); }

  chatm_buf *place() noexcept { return &value_; }
  std::string copy() const { return owned(chatm_buf_str(&value_)); }

 private:
  chatm_buf value_;
};

}  // namespace detail

/// Why a call failed. What it gives out lives as long as the last copy of it.
class error : public std::runtime_error {
 public:
  /// Takes `handle` over.
  error(chatm_status status, chatm_error *handle)
      : error(status, std::shared_ptr<chatm_error>(handle, chatm_error_free)) {}

  /// For what is called `name` and was moved from.
  static error moved_from(const char *name) {
    return error("expected `" + std::string(name) + "`, found what was moved from");
  }

  /// `CHATM_STATUS_REFUSED` if it was the model.
  chatm_status status() const noexcept { return status_; }
  /// The `statusCode` of the interface; 0 if it was not the model.
  std::uint32_t status_code() const noexcept { return chatm_error_status_code(handle_.get()); }
  /// A stable name of the cause, such as `parameter.missing`.
  text code() const {
    return handle_ ? detail::out(chatm_error_code(handle_.get())) : text("argument.null");
  }
  /// What was expected and what came; the same as what().
  text message() const & { return what(); }
  CHATMODEL_NOT_OF_TEMPORARY(text message())
  /// Whether the trouble is at one place in the JSON.
  bool has_pointer() const noexcept { return chatm_error_pointer(handle_.get()).ptr != nullptr; }
  /// That place, as a JSON Pointer; the empty text is the whole, or no place.
  text pointer() const & { return detail::out(chatm_error_pointer(handle_.get())); }
  CHATMODEL_NOT_OF_TEMPORARY(text pointer())
  /// How many bytes stand before the trouble; -1 if it is at no one byte.
  std::int64_t offset() const noexcept { return chatm_error_offset(handle_.get()); }
  /// The body of the reply to a refused operation; empty if it was not the model.
  text reply() const & { return detail::out(chatm_error_reply(handle_.get())); }
  CHATMODEL_NOT_OF_TEMPORARY(text reply())

  /// NULL if it was found in this header.
  const chatm_error *get() const noexcept { return handle_.get(); }

 private:
  explicit error(const std::string &message)
      : std::runtime_error(message), status_(CHATM_STATUS_INVALID_ARGUMENT) {}

  error(chatm_status status, std::shared_ptr<chatm_error> handle)
      : std::runtime_error(detail::owned(chatm_error_message(handle.get()))),
        status_(status),
        handle_(std::move(handle)) {}

  chatm_status status_;
  std::shared_ptr<chatm_error> handle_;
};

namespace detail {

/// The handle of `it`, which is called `name`; throws if it was moved from.
template <typename T>
auto present(const T &it, const char *name) -> decltype(it.get()) {
  if (it.get() == nullptr) throw error::moved_from(name);
  return it.get();
}

/// Calls `function` with a place for an error, and throws what it finds there.
template <typename Function>
void call(Function function) {
  chatm_error *failure = nullptr;
  const chatm_status status = function(&failure);
  if (status != CHATM_STATUS_OK) throw error(status, failure);
}

/// The same for a function that gives text of its own.
template <typename Function>
std::string string(Function function) {
  buffer json;
  call([&](chatm_error **failure) { return function(json.place(), failure); });
  return json.copy();
}

/// The same for a function that gives borrowed text.
template <typename Function>
text borrowed(Function function) {
  chatm_str value = CHATM_STR_INIT;
  call([&](chatm_error **failure) { return function(&value, failure); });
  return out(value);
}

}  // namespace detail

/// The limits of JSON texts; a member that is 0 stands for its default.
struct limits : chatm_limits {
  limits() noexcept : chatm_limits CHATM_LIMITS_INIT {}
};

/// The rules of a contact centre.
class rules {
 public:
  static rules from_json(str json, const chatm_limits *limits = nullptr) {
    chatm_rules *made = nullptr;
    detail::call([&](chatm_error **failure) {
      return chatm_rules_from_json(json, limits, &made, failure);
    });
    return rules(made);
  }

  explicit rules(chatm_rules *handle) noexcept : handle_(handle) {}
  const chatm_rules *get() const noexcept { return handle_.get(); }

 private:
  detail::handle<chatm_rules, chatm_rules_free> handle_;
};

/// An operation. Many threads may use one.
class op {
 public:
  /// `by` is one of `CHATM_BY_...`.
  static op parse(chatm_by by, str json, const chatm_limits *limits = nullptr) {
    chatm_op *made = nullptr;
    detail::call([&](chatm_error **failure) {
      return chatm_op_parse(by, json, limits, &made, failure);
    });
    return op(made);
  }

  /// `trigger` is one of `CHATM_TRIGGER_...`.
  static op house(chatm_trigger trigger, str user = str()) {
    chatm_op *made = nullptr;
    detail::call(
        [&](chatm_error **failure) { return chatm_op_house(trigger, user, &made, failure); });
    return op(made);
  }

  explicit op(chatm_op *handle) noexcept : handle_(handle) {}
  const chatm_op *get() const noexcept { return handle_.get(); }

  text name() const { return detail::out(chatm_op_name(get())); }

  std::string to_json() const {
    return detail::string([&](chatm_buf *json, chatm_error **failure) {
      return chatm_op_to_json(get(), json, failure);
    });
  }

  text parameter(str name) const & {
    return detail::borrowed([&](chatm_str *json, chatm_error **failure) {
      return chatm_op_parameter(get(), name, json, failure);
    });
  }
  CHATMODEL_NOT_OF_TEMPORARY(text parameter(str name))

 private:
  detail::handle<chatm_op, chatm_op_free> handle_;
};

/// One notification on its way to one user.
struct notification {
  text to;
  text channel;
  text data;
};

/// What an accepted operation gave.
class applied {
 public:
  explicit applied(chatm_applied *handle) noexcept : handle_(handle) {}
  const chatm_applied *get() const noexcept { return handle_.get(); }

  text reply() const & { return detail::out(chatm_applied_reply(get())); }
  CHATMODEL_NOT_OF_TEMPORARY(text reply())
  std::uint64_t revision() const noexcept { return chatm_applied_revision(get()); }

  /// What a journal keeps.
  std::string record() const {
    return detail::string([&](chatm_buf *json, chatm_error **failure) {
      return chatm_applied_record(get(), json, failure);
    });
  }

  /// Who must hear what, in order.
  std::vector<notification> notifications() const & {
    std::vector<notification> all;
    const std::size_t count = chatm_applied_notification_count(get());
    all.reserve(count);
    for (std::size_t index = 0; index < count; index++) {
      chatm_notification told;
      detail::call([&](chatm_error **failure) {
        return chatm_applied_notification(get(), index, &told, failure);
      });
      const notification one = {detail::out(told.to), detail::out(told.channel),
                                detail::out(told.data)};
      all.push_back(one);
    }
    return all;
  }
  CHATMODEL_NOT_OF_TEMPORARY(std::vector<notification> notifications())

  /// All of them as one JSON array.
  std::string notifications_json() const {
    return detail::string([&](chatm_buf *json, chatm_error **failure) {
      return chatm_applied_notifications(get(), json, failure);
    });
  }

 private:
  detail::handle<chatm_applied, chatm_applied_free> handle_;
};

/// Users, queues and who supervises whom.
class directory {
 public:
  static directory from_json(str json, const chatm_limits *limits = nullptr) {
    chatm_directory *made = nullptr;
    detail::call([&](chatm_error **failure) {
      return chatm_directory_from_json(json, limits, &made, failure);
    });
    return directory(made);
  }

  explicit directory(chatm_directory *handle) noexcept : handle_(handle) {}
  chatm_directory *get() noexcept { return handle_.get(); }
  const chatm_directory *get() const noexcept { return handle_.get(); }

  void update(str json, const chatm_limits *limits = nullptr) {
    detail::call([&](chatm_error **failure) {
      return chatm_directory_update(get(), json, limits, failure);
    });
  }

  void supervise(const op &operation, str supervisor, str agent) {
    detail::call([&](chatm_error **failure) {
      return chatm_directory_supervise(get(), operation.get(), supervisor, agent, failure);
    });
  }

  void note(const applied &what) {
    detail::call([&](chatm_error **failure) {
      return chatm_directory_note(get(), what.get(), failure);
    });
  }

 private:
  detail::handle<chatm_directory, chatm_directory_free> handle_;
};

/// The circumstances of a call. It borrows all that is put into it.
struct context : chatm_context {
  explicit context(std::int64_t now_ms, str acting = str()) noexcept
      : chatm_context CHATM_CONTEXT_INIT {
    at_ms = now_ms;
    user = acting;
  }
  context(std::int64_t now_ms, const char *acting) noexcept : context(now_ms, str(acting)) {}
  /// A string that ends with the expression cannot be borrowed.
  context(std::int64_t now_ms, std::string &&acting) = delete;

  /// The rules to obey; throws if they were moved from.
  void set_rules(const chatmodel::rules &given) { rules = detail::present(given, "rules"); }
  void set_rules(const chatmodel::rules &&) = delete;

  /// Whom to ask about users and queues; throws if it was moved from.
  void set_directory(const chatmodel::directory &given) {
    directory = detail::present(given, "directory");
  }
  void set_directory(const chatmodel::directory &&) = delete;
};

/// An invitation that lapses: whose, and when, in milliseconds since 1970 (UTC).
struct expiry {
  std::int64_t at_ms;
  text user;
};

/// A place in a queue: which queue, and since when, in milliseconds since 1970 (UTC).
struct place {
  text queue;
  std::int64_t since_ms;
};

/// A chat.
class chat {
 public:
  /// A chat called `id` to which nothing has happened yet.
  explicit chat(str id) : handle_(make(id)) {}

  static chat from_json(str json, const chatm_limits *limits = nullptr) {
    chatm_chat *made = nullptr;
    detail::call([&](chatm_error **failure) {
      return chatm_chat_from_json(json, limits, &made, failure);
    });
    return chat(made);
  }

  explicit chat(chatm_chat *handle) noexcept : handle_(handle) {}
  chatm_chat *get() noexcept { return handle_.get(); }
  const chatm_chat *get() const noexcept { return handle_.get(); }

  chat clone() const {
    chatm_chat *copy = nullptr;
    detail::call([&](chatm_error **failure) { return chatm_chat_clone(get(), &copy, failure); });
    return chat(copy);
  }

  /// Does what is asked; throws `error` with CHATM_STATUS_REFUSED if the model refuses.
  applied apply(const op &operation, const chatm_context &context) {
    chatm_applied *made = nullptr;
    detail::call([&](chatm_error **failure) {
      return chatm_chat_apply(get(), operation.get(), &context, &made, failure);
    });
    return applied(made);
  }

  /// The same with an agent's operation from its JSON.
  applied apply_json(str json, const chatm_context &context) {
    chatm_applied *made = nullptr;
    detail::call([&](chatm_error **failure) {
      return chatm_chat_apply_json(get(), json, &context, &made, failure);
    });
    return applied(made);
  }

  /// Throws what apply() would throw, and changes nothing.
  void check(const op &operation, const chatm_context &context) const {
    detail::call([&](chatm_error **failure) {
      return chatm_chat_check(get(), operation.get(), &context, failure);
    });
  }

  /// Does what a record says; `rules` may be NULL.
  applied replay(str record, const chatm_rules *rules = nullptr) {
    chatm_applied *made = nullptr;
    detail::call([&](chatm_error **failure) {
      return chatm_chat_replay(get(), record, rules, &made, failure);
    });
    return applied(made);
  }
  applied replay(str record, const chatmodel::rules &rules) {
    return replay(record, detail::present(rules, "rules"));
  }

  text id() const & { return detail::out(chatm_chat_id(get())); }
  CHATMODEL_NOT_OF_TEMPORARY(text id())
  text owner() const & { return detail::out(chatm_chat_owner(get())); }
  CHATMODEL_NOT_OF_TEMPORARY(text owner())
  std::uint64_t revision() const noexcept { return chatm_chat_revision(get()); }
  bool is_finished() const noexcept { return chatm_chat_is_finished(get()) != 0; }

  std::vector<text> users() const & {
    std::vector<text> all;
    const std::size_t count = chatm_chat_user_count(get());
    for (std::size_t index = 0; index < count; index++)
      all.push_back(detail::out(chatm_chat_user(get(), index)));
    return all;
  }
  CHATMODEL_NOT_OF_TEMPORARY(std::vector<text> users())

  text state(str user) const {
    return detail::borrowed([&](chatm_str *state, chatm_error **failure) {
      return chatm_chat_state(get(), user, state, failure);
    });
  }

  text role(str user) const {
    return detail::borrowed([&](chatm_str *role, chatm_error **failure) {
      return chatm_chat_role(get(), user, role, failure);
    });
  }

  /// The operations that `user` may do now.
  std::vector<text> capabilities(str user) const {
    std::vector<text> all;
    std::size_t count = 0;
    detail::call([&](chatm_error **failure) {
      return chatm_chat_capability_count(get(), user, &count, failure);
    });
    for (std::size_t index = 0; index < count; index++)
      all.push_back(detail::borrowed([&](chatm_str *name, chatm_error **failure) {
        return chatm_chat_capability(get(), user, index, name, failure);
      }));
    return all;
  }

  /// The invitation that lapses next; throws `error` with CHATM_STATUS_NOT_FOUND if nobody is invited.
  expiry next_expiry() const & {
    chatm_str user = CHATM_STR_INIT;
    std::int64_t at_ms = 0;
    detail::call([&](chatm_error **failure) {
      return chatm_chat_next_expiry(get(), &at_ms, &user, failure);
    });
    return {at_ms, detail::out(user)};
  }
  CHATMODEL_NOT_OF_TEMPORARY(expiry next_expiry())

  /// Where the chat waits for an agent; throws `error` with CHATM_STATUS_NOT_FOUND if it does not.
  place waiting() const & {
    chatm_str queue = CHATM_STR_INIT;
    std::int64_t since_ms = 0;
    detail::call([&](chatm_error **failure) {
      return chatm_chat_waiting(get(), &queue, &since_ms, failure);
    });
    return {detail::out(queue), since_ms};
  }
  CHATMODEL_NOT_OF_TEMPORARY(place waiting())

  bool can(str user, str operation) const noexcept {
    return chatm_chat_can(get(), user, operation) != 0;
  }

  std::string to_json() const {
    return detail::string([&](chatm_buf *json, chatm_error **failure) {
      return chatm_chat_to_json(get(), json, failure);
    });
  }

  std::string view(str user, const chatm_rules *rules = nullptr) const {
    return detail::string([&](chatm_buf *json, chatm_error **failure) {
      return chatm_chat_view(get(), user, rules, json, failure);
    });
  }

  std::string view(str user, const chatmodel::rules &rules) const {
    return view(user, detail::present(rules, "rules"));
  }

  std::string messages(str user, std::uint64_t start_index, std::size_t count,
                       const chatm_rules *rules = nullptr) const {
    return detail::string([&](chatm_buf *json, chatm_error **failure) {
      return chatm_chat_messages(get(), user, start_index, count, rules, json, failure);
    });
  }

  std::string messages(str user, std::uint64_t start_index, std::size_t count,
                       const chatmodel::rules &rules) const {
    return messages(user, start_index, count, detail::present(rules, "rules"));
  }

  std::string customer_view() const {
    return detail::string([&](chatm_buf *json, chatm_error **failure) {
      return chatm_chat_customer_view(get(), json, failure);
    });
  }

  /// `last` may be NULL.
  std::string customer_messages(std::uint64_t start_index, std::uint64_t *last = nullptr) const {
    return detail::string([&](chatm_buf *json, chatm_error **failure) {
      return chatm_chat_customer_messages(get(), start_index, json, last, failure);
    });
  }

  std::string user_data() const {
    return detail::string([&](chatm_buf *json, chatm_error **failure) {
      return chatm_chat_user_data(get(), json, failure);
    });
  }

 private:
  static chatm_chat *make(str id) {
    chatm_chat *made = nullptr;
    detail::call([&](chatm_error **failure) { return chatm_chat_new(id, &made, failure); });
    return made;
  }

  detail::handle<chatm_chat, chatm_chat_free> handle_;
};

/// The version of the library that is running, such as `0.1.0`.
inline text version() { return chatm_version(); }

/// The number of its binary interface; a program needs that of its header, `CHATM_ABI`.
inline std::uint32_t abi() noexcept { return chatm_abi(); }

/// The operations that agents have.
inline std::vector<text> operation_names() {
  std::vector<text> all;
  const std::size_t count = chatm_operation_count();
  for (std::size_t index = 0; index < count; index++)
    all.push_back(detail::out(chatm_operation_name(index)));
  return all;
}

/// The names of the JSON Schemas.
inline std::vector<text> schema_names() {
  std::vector<text> all;
  const std::size_t count = chatm_schema_count();
  for (std::size_t index = 0; index < count; index++)
    all.push_back(detail::out(chatm_schema_name(index)));
  return all;
}

/// The name of a status, such as `CHATM_STATUS_REFUSED`.
inline text status_name(chatm_status status) { return chatm_status_name(status); }

/// The JSON Schema of this name.
inline text schema(str name) {
  return detail::borrowed([&](chatm_str *json, chatm_error **failure) {
    return chatm_schema(name, json, failure);
  });
}

/// Throws unless `json` is a `kind`.
inline void validate(str kind, str json, const chatm_limits *limits = nullptr) {
  detail::call([&](chatm_error **failure) { return chatm_validate(kind, json, limits, failure); });
}

/// `data` with every key of `patch`.
inline std::string user_data_merge(str data, str patch, const chatm_limits *limits = nullptr) {
  return detail::string([&](chatm_buf *merged, chatm_error **failure) {
    return chatm_user_data_merge(data, patch, limits, merged, failure);
  });
}

/// `data` without the keys in the array `keys`.
inline std::string user_data_remove(str data, str keys, const chatm_limits *limits = nullptr) {
  return detail::string([&](chatm_buf *rest, chatm_error **failure) {
    return chatm_user_data_remove(data, keys, limits, rest, failure);
  });
}

}  // namespace views or strings
}  // namespace chatmodel

#undef CHATMODEL_ABI_TAG
#undef CHATMODEL_NOT_OF_TEMPORARY

#endif /* CHATMODEL_HPP */
