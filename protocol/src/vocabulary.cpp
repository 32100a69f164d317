#include <tasks/protocol/vocabulary.hpp>

#include <array>
#include <cstddef>

namespace tasks::protocol {

namespace {

// Indexed by the value's number. The words are what people and JSON read: changing one breaks readers of JSON.
constexpr std::array<std::string_view, 5> kind_words{"unknown", "thread", "coroutine", "fiber", "job"};
constexpr std::array<std::string_view, 5> state_words{"unknown", "running", "runnable", "waiting", "done"};
constexpr std::array<std::string_view, 30> wait_reason_words{
    "none",     "unknown",   "chan send",  "chan receive",  "select",    "mutex", "rwlock read", "rwlock write",
    "cond",     "semaphore", "barrier",    "join",          "future",    "sleep", "timer",       "io read",
    "io write", "io accept", "io connect", "poll",          "futex",     "await", "nil",         "not started",
    "signal",   "child",     "lock file",  "message queue", "job queue", "once",
};
constexpr std::array<std::string_view, 8> capture_words{"unknown", "captured",      "running",  "changing",
                                                        "exited",  "not permitted", "deadline", "unreadable"};

static_assert(kind_words.size() == static_cast<std::size_t>(Kind::job) + 1);
static_assert(state_words.size() == static_cast<std::size_t>(State::done) + 1);
static_assert(wait_reason_words.size() == static_cast<std::size_t>(last_wait_reason) + 1);
static_assert(capture_words.size() == static_cast<std::size_t>(Capture::unreadable) + 1);

template <class Value, std::size_t N> Value value_from(std::uint64_t number, const std::array<std::string_view, N>&) {
    return number < N ? static_cast<Value>(number) : Value::unknown;
}

template <class Value, std::size_t N>
std::string_view word_of(Value value, const std::array<std::string_view, N>& words) noexcept {
    return words[static_cast<std::size_t>(value_from<Value>(static_cast<std::uint64_t>(value), words))];
}

template <class Value, std::size_t N>
std::optional<Value> value_with(std::string_view word, const std::array<std::string_view, N>& words) noexcept {
    for (std::size_t number = 0; number < N; ++number)
        if (words[number] == word)
            return static_cast<Value>(number);
    return std::nullopt;
}

} // namespace

std::string_view word(Kind kind) noexcept { return word_of(kind, kind_words); }
std::string_view word(State state) noexcept { return word_of(state, state_words); }
std::string_view word(WaitReason reason) noexcept { return word_of(reason, wait_reason_words); }
std::string_view word(Capture capture) noexcept { return word_of(capture, capture_words); }

std::optional<Kind> kind_of(std::string_view word) noexcept { return value_with<Kind>(word, kind_words); }
std::optional<State> state_of(std::string_view word) noexcept { return value_with<State>(word, state_words); }
std::optional<WaitReason> wait_reason_of(std::string_view word) noexcept {
    return value_with<WaitReason>(word, wait_reason_words);
}
std::optional<Capture> capture_of(std::string_view word) noexcept { return value_with<Capture>(word, capture_words); }

Kind kind_from(std::uint64_t number) noexcept { return value_from<Kind>(number, kind_words); }
State state_from(std::uint64_t number) noexcept { return value_from<State>(number, state_words); }
WaitReason wait_reason_from(std::uint64_t number) noexcept { return value_from<WaitReason>(number, wait_reason_words); }
Capture capture_from(std::uint64_t number) noexcept { return value_from<Capture>(number, capture_words); }

} // namespace tasks::protocol
