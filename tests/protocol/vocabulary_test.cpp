#include <tasks/protocol/vocabulary.hpp>

#include <set>
#include <string>

#include <catch2/catch.hpp>

using namespace tasks::protocol;

namespace {

// Every value has a word of its own, and the word gives the value back.
template <class Value, class Of> void check_words(int count, Of&& of) {
    std::set<std::string_view> words;
    for (int number = 0; number < count; ++number) {
        const auto value = static_cast<Value>(number);
        CHECK(words.insert(word(value)).second);
        CHECK(of(word(value)) == value);
    }
}

} // namespace

TEST_CASE("each value of the vocabulary has its own word, read back as the same value") {
    check_words<Kind>(5, kind_of);
    check_words<State>(5, state_of);
    check_words<WaitReason>(29, wait_reason_of);
    check_words<Capture>(8, capture_of);
}

TEST_CASE("words are those that people and JSON read") {
    CHECK(word(Kind::job) == "job");
    CHECK(word(State::waiting) == "waiting");
    CHECK(word(WaitReason::chan_send) == "chan send");
    CHECK(word(WaitReason::rwlock_write) == "rwlock write");
    CHECK(word(WaitReason::io_accept) == "io accept");
    CHECK(word(WaitReason::not_started) == "not started");
    CHECK(word(WaitReason::none) == "none");
    CHECK(word(WaitReason::job_queue) == "job queue");
    CHECK(word(WaitReason::once) == "once");
}

TEST_CASE("a number from a newer peer is unknown") {
    CHECK(kind_from(5) == Kind::unknown);
    CHECK(state_from(5) == State::unknown);
    CHECK(wait_reason_from(30) == WaitReason::unknown);
    CHECK(capture_from(8) == Capture::unknown);
    CHECK(capture_from(7) == Capture::unreadable);
    CHECK(wait_reason_from(0) == WaitReason::none);
    CHECK(wait_reason_from(28) == WaitReason::job_queue);
    CHECK(kind_from(1ull << 32 | 1) == Kind::unknown);
    CHECK(word(static_cast<WaitReason>(200)) == "unknown");
    CHECK(word(static_cast<Kind>(200)) == "unknown");
}

TEST_CASE("what is no word has no value") {
    CHECK_FALSE(kind_of("Job"));
    CHECK_FALSE(state_of(""));
    CHECK_FALSE(wait_reason_of("chan_send"));
    CHECK_FALSE(wait_reason_of("chan send "));
}
