#include "analysis/lock_facts.hpp"

#include <catch2/catch.hpp>

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace tasks::inspect;

namespace {

constexpr std::uint64_t at = 0x7f0000001000;
constexpr std::uint64_t wait_private = 0x80;
constexpr std::uint64_t wait_bitset_private = 0x189;

std::vector<Frame> in(const char* function) {
    Frame inner, library, own;
    inner.module = library.module = "/lib/x86_64-linux-gnu/libc.so.6";
    library.function = function;
    own.function = "charge()";
    own.module = "/srv/pay";
    return {inner, library, own};
}

/// A thread in futex(word, operation, value), where `bytes` lie from `start`.
ThreadFacts waiting(std::uint64_t word, std::uint64_t operation, std::uint64_t value, std::uint64_t start,
                    std::string bytes) {
    ThreadFacts thread;
    thread.syscall = 202;
    thread.arguments = {word, operation, value};
    thread.wait.futex = word;
    thread.wait.futex_bytes_at = start;
    thread.wait.futex_bytes = std::move(bytes);
    return thread;
}

/// 16 bytes of something else, then these words.
std::string words(std::initializer_list<std::uint32_t> all) {
    std::string bytes(16, '\xee');
    for (const auto word : all) {
        bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    bytes.resize(72);
    return bytes;
}

ThreadFacts on_mutex(std::uint32_t owner, std::uint32_t kind = 0) {
    return waiting(at, wait_private, 2, at - 16, words({2, 1, owner, 1, kind}));
}

template <class Object> std::string bytes_of(const Object& object) {
    std::string bytes(16, '\0');
    bytes.append(reinterpret_cast<const char*>(&object), sizeof object);
    return bytes;
}

std::uint32_t own_tid() { return static_cast<std::uint32_t>(::syscall(SYS_gettid)); }

} // namespace

TEST_CASE("a mutex of every kind tells its owner") {
    for (const std::uint32_t kind : {0u, 1u, 2u, 3u, 16u, 0x200u, 0x101u}) {
        INFO("kind " << kind);
        const auto lock = lock_of(on_mutex(4242, kind), in("pthread_mutex_lock"));
        REQUIRE(lock);
        CHECK(*lock == LockFacts{LockKind::mutex, at, 4242, false});
    }
}

TEST_CASE("a mutex shared between processes says so") {
    CHECK(lock_of(on_mutex(4242, 0x80), in("pthread_mutex_lock"))->shared);
}

TEST_CASE("a mutex that inherits priority has its owner in the futex itself") {
    const auto thread = waiting(at, 0x86, 0, at - 16, words({0x80000000u | 4242u, 1, 0, 1, 32}));
    CHECK(lock_of(thread, in("pthread_mutex_lock"))->owner_tid == 4242);
}

TEST_CASE("mutexes whose function only debug symbols name tell themselves") {
    const auto inherits = waiting(at, 0x86, 0, at - 16, words({0x80000000u | 4242u, 1, 0, 1, 32}));
    CHECK(lock_of(inherits, in(""))->owner_tid == 4242);
    const auto robust = [](std::uint32_t owner, std::uint32_t kind) {
        return waiting(at, 0, 0x80000000u | 4242u, at - 16, words({0x80000000u | 4242u, 1, owner, 1, kind}));
    };
    CHECK(lock_of(robust(4242, 16), in(""))->owner_tid == 4242);
    CHECK_FALSE(lock_of(robust(4243, 16), in("")));
    CHECK_FALSE(lock_of(robust(4242, 0), in("")));
}

TEST_CASE("glibc's endless wait after the kernel found a deadlock is no lock") {
    CHECK_FALSE(
        lock_of(waiting(at, wait_bitset_private, 0, at - 16, words({0, 1, 4242, 1, 0})), in("pthread_mutex_lock")));
}

TEST_CASE("bytes that are no mutex are none, nor are too few") {
    CHECK_FALSE(lock_of(on_mutex(4242, 0x12345), in("pthread_mutex_lock")));
    auto cut = on_mutex(4242);
    cut.wait.futex_bytes.resize(20);
    CHECK_FALSE(lock_of(cut, in("pthread_mutex_lock")));
    cut.wait.futex_bytes_at = at + 100;
    CHECK_FALSE(lock_of(cut, in("pthread_mutex_lock")));
}

TEST_CASE("without a function of the libraries that takes locks, bytes are no lock") {
    CHECK_FALSE(lock_of(on_mutex(4242), in("sem_wait")));
    CHECK_FALSE(lock_of(on_mutex(4242), in("lll_lock_wait_private")));
    CHECK_FALSE(lock_of(on_mutex(4242), {}));
}

TEST_CASE("the locks of C++ are those of C") {
    CHECK(lock_of(on_mutex(4242), in("std::mutex::lock()"))->owner_tid == 4242);
    CHECK(lock_of(on_mutex(4242, 1), in("std::recursive_mutex::lock()"))->owner_tid == 4242);
    CHECK(lock_of(on_mutex(4242), in("___pthread_mutex_lock@@GLIBC_2.34"))->owner_tid == 4242);
}

TEST_CASE("whoever was signalled in a condition waits for its mutex, whoever was not does not") {
    CHECK(lock_of(on_mutex(4242), in("pthread_cond_wait"))->owner_tid == 4242);
    CHECK_FALSE(
        lock_of(waiting(at, wait_bitset_private, 2, at - 16, words({2, 1, 4242, 1, 0})), in("pthread_cond_wait")));
    CHECK_FALSE(lock_of(waiting(at, wait_private, 0, at - 16, words({2, 1, 4242, 1, 0})), in("pthread_cond_wait")));
}

TEST_CASE("an rwlock tells its writer, whichever of its words is waited for") {
    const auto lock_at = at;
    const auto bytes = words({0xb, 1, 3, 3, 0, 0, 4242, 0});
    struct Row {
        std::uint64_t word;
        std::uint64_t value;
    };
    for (const auto& [word, value] :
         {Row{lock_at + 8, 3}, Row{lock_at + 8, 2}, Row{lock_at + 12, 3}, Row{lock_at, 0xf}}) {
        INFO("word at " << word - lock_at);
        const auto lock =
            lock_of(waiting(word, wait_bitset_private, value, at - 16, bytes), in("pthread_rwlock_wrlock"));
        REQUIRE(lock);
        CHECK(*lock == LockFacts{LockKind::rwlock, lock_at, 4242, false});
    }
}

TEST_CASE("an rwlock that readers hold has no known holder") {
    const auto thread = waiting(at + 8, wait_bitset_private, 2, at - 16, words({0x13, 1, 2, 1, 0, 0, 0, 0}));
    CHECK(lock_of(thread, in("pthread_rwlock_wrlock"))->owner_tid == 0);
}

TEST_CASE("a join tells the thread that is waited for") {
    const auto thread = waiting(at, wait_bitset_private, 4243, at - 16, words({4243}));
    CHECK(joined_by(thread, in("pthread_join")) == 4243);
    CHECK(joined_by(thread, in("std::thread::join()")) == 4243);
    CHECK_FALSE(joined_by(thread, in("sem_wait")));
}

TEST_CASE("a join whose thread has ended meanwhile waits for nobody") {
    CHECK_FALSE(joined_by(waiting(at, wait_bitset_private, 4243, at - 16, words({0})), in("pthread_join")));
}

TEST_CASE("this machine's C library keeps owners where it is told here") {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    ::pthread_mutex_lock(&mutex);
    CHECK(lock_of(waiting(at, wait_private, 2, at - 16, bytes_of(mutex)), in("pthread_mutex_lock"))->owner_tid ==
          own_tid());
    ::pthread_mutex_unlock(&mutex);
    CHECK(lock_of(waiting(at, wait_private, 2, at - 16, bytes_of(mutex)), in("pthread_mutex_lock"))->owner_tid == 0);
    pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
    ::pthread_rwlock_wrlock(&rwlock);
    CHECK(lock_of(waiting(at + 8, wait_bitset_private, 3, at - 16, bytes_of(rwlock)), in("pthread_rwlock_rdlock"))
              ->owner_tid == own_tid());
    ::pthread_rwlock_unlock(&rwlock);
}
