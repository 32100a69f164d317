// tasks::write_profile: what it says, where it can be called, and what it does to the thread that calls it.
#include <tasks/profile.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include <tasks/agent.h>
#include <tasks/job.hpp>
#include <tasks/label.hpp>
#include <tasks/wait.hpp>

#include "agent_fixture.hpp"
#include "allocations.hpp"

using namespace tasks;
using namespace tasks::test;
using agent::OwnedFd;

namespace {

/// What a file descriptor gives until its end.
std::string all_of(int fd) {
    std::string text;
    char piece[4096];
    for (;;) {
        const ssize_t got = ::read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return text;
        text.append(piece, static_cast<std::size_t>(got));
    }
}

/// "" where it cannot be written. Any thread.
std::string profile(ProfileDetail detail) {
    const OwnedFd memory{::memfd_create("profile", MFD_CLOEXEC)};
    if (write_profile(memory.get(), detail) != 0 || ::lseek(memory.get(), 0, SEEK_SET) != 0)
        return {};
    return all_of(memory.get());
}

std::size_t count(const std::string& text, std::string_view words) {
    std::size_t found = 0;
    for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1))
        ++found;
    return found;
}

/// A profile that has these words at least so often: threads that begin to wait still run for a moment, and a thread of
/// a sanitizer's own may wait too.
std::string profile_with(ProfileDetail detail, std::string_view words, std::size_t times) {
    std::string text;
    CHECK(eventually([&] {
        text = profile(detail);
        return count(text, words) >= times;
    }));
    return text;
}

bool is_whole(const std::string& text) {
    return text.starts_with("tasks profile 1  ") && text.find("\nend  tasks ") != std::string::npos &&
           text.ends_with("\n");
}

/// The block with a first line that has these words.
std::string block(const std::string& text, const std::string& words) {
    const auto at = text.find(words);
    INFO(words << " in\n" << text.substr(0, 10'000));
    REQUIRE(at != std::string::npos);
    const auto begin = text.rfind("\n", at) + 1;
    return text.substr(begin, text.find("\n\n", at) + 1 - begin);
}

struct Pipe {
    explicit Pipe(int flags = O_CLOEXEC) {
        int fds[2];
        REQUIRE(::pipe2(fds, flags) == 0);
        out = OwnedFd{fds[0]};
        in = OwnedFd{fds[1]};
    }
    OwnedFd out;
    OwnedFd in;
};

/// Threads that stand in a wait inside a job until the end of the scope.
class Senders {
public:
    explicit Senders(int threads) {
        for (int at = 0; at < threads; ++at)
            threads_.emplace_back([this] { send(); });
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this, threads] { return waiting_ == threads; });
    }
    ~Senders() {
        {
            const std::lock_guard lock{mutex_};
            done_ = true;
        }
        changed_.notify_all();
        for (std::thread& thread : threads_)
            thread.join();
    }

private:
    void send() {
        const Job job{"charge card"};
        const Label label{"request", 8431};
        const Wait wait{wait_reason::chan_send, this, "results"};
        std::unique_lock lock{mutex_};
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return done_; });
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    int waiting_ = 0;
    bool done_ = false;
    std::vector<std::thread> threads_;
};

} // namespace

TEST_CASE("A profile needs an agent that runs") {
    const Pipe pipe;
    CHECK(write_profile(pipe.in.get(), ProfileDetail::groups) == ENODEV);
    pollfd ready{.fd = pipe.out.get(), .events = POLLIN, .revents = 0};
    CHECK(::poll(&ready, 1, 0) == 0); // nothing was written
    {
        const OwnAgent agent;
    }
    CHECK(write_profile(pipe.in.get(), ProfileDetail::groups) == ENODEV);
}

TEST_CASE("A profile of groups counts tasks by shape") {
    const std::size_t base = threads_at_rest();
    const OwnAgent agent{{.name = "payments"}};
    const Senders senders{3};
    std::deque<JobHandle> queue;
    for (int at = 0; at < 5; ++at)
        queue.emplace_back("send receipt", SourcePlace::here());
    std::string text;
    std::size_t stacks = 0;
    for (int look = 0; look < 100 && stacks != 1; ++look) { // a sender may still be on its way to sleep, uncaptured
        text = profile_with(ProfileDetail::groups, "3 tasks  job  chan send \"results\"", 1);
        stacks = count(block(text, "3 tasks  job  chan send \"results\""), "  at libc.so.6+0x");
    }
    CHECK(is_whole(text));
    CHECK(text.starts_with("tasks profile 1  groups\nprocess " + std::to_string(::getpid()) + "  payments  started "));
    const std::string sending = block(text, "3 tasks  job  chan send \"results\"");
    CHECK(count(sending, "[charge card]") == 1);
    CHECK(count(sending, "  waits at send  ") == 1);
    CHECK(count(sending, "  created by send  ") == 1);
    CHECK(count(sending, "  at libc.so.6+0x") == 1);
    CHECK(count(sending, "profile_test.cpp:") == 2);
    CHECK(count(sending.substr(sending.find("  tids ")), " ") == 5); // indent, and one before each of three
    CHECK(count(block(text, "5 tasks  job  runnable"), "[send receipt]") == 1);
    CHECK(count(block(text, "1 task  thread  running"), "  tids " + std::to_string(::getpid()) + "\n") == 1);
    CHECK(count(text, "tasks-agent") == 0);
    CHECK(count(text, "\nend  tasks " + std::to_string(8 + base) + "  dropped 0\n") == 1);
    CHECK(count(text, "  build-id ") >= 3);
    CHECK(text.find("5 tasks") < text.find("3 tasks"));
    CHECK(text.find("3 tasks") < text.find("1 task "));
}

TEST_CASE("Jobs whose places have equal texts are one group") {
    static constexpr char program[] = "send receipt"; // as two libraries have a literal each
    static constexpr char plugin[] = "send receipt";
    static constexpr char other[] = "send reminder";
    const OwnAgent agent;
    const SourcePlace place = SourcePlace::here();
    std::deque<JobHandle> queue;
    for (const char* name : {program, plugin, plugin, other, program})
        queue.emplace_back(name, place);
    const std::string text = profile(ProfileDetail::groups);
    CHECK(count(block(text, "4 tasks  job  runnable"), "[send receipt]") == 1);
    CHECK(count(block(text, "1 task  job  runnable"), "[send reminder]") == 1);
    CHECK(count(text, "  job  ") == 2);
}

TEST_CASE("A profile of tasks has each on its own") {
    const OwnAgent agent;
    const Senders senders{3};
    const std::string text = profile_with(ProfileDetail::tasks, "\n  call 202 0x", 3);
    CHECK(is_whole(text));
    CHECK(count(text, "\n1 task  job  chan send \"results\"") == 3);
    CHECK(count(text, "  request=8431  id 0x") == 3);
    CHECK(count(text, "  thread captured  tid ") >= 3); // a sanitizer's own thread may be one
    CHECK(count(text, "\n  stack ") == 0);
    CHECK(count(text, "\n  thread running  tid " + std::to_string(::getpid()) + "  ") == 1);
}

TEST_CASE("A profile of stacks has their bytes") {
    const OwnAgent agent;
    const Senders senders{2};
    const std::string text = profile_with(ProfileDetail::stacks, "  thread captured  tid ", 2);
    CHECK(is_whole(text));
    const std::size_t captured = count(text, "  thread captured  tid ");
    CHECK(count(text, "\n  sp 0x") == captured);
    REQUIRE(count(text, "\n  stack ") == captured);
    const auto at = text.find("\n  stack ") + 9;
    const auto bytes = std::stoul(text.substr(at));
    CHECK(bytes > 100);
    CHECK(bytes <= 16 * 1024);
    auto lines = text.substr(text.find('\n', at) + 1);
    lines = lines.substr(0, lines.find("\n\n"));
    const auto letters = lines.size() - count(lines, " ") - count(lines, "\n");
    CHECK(letters == (bytes + 2) / 3 * 4);
}

TEST_CASE("Texts of the host stay fields of their line") {
    const OwnAgent agent;
    const JobHandle odd{"odd  \x1b[1m \"name\" \\ 1 task  id 0x5 "};
    const JobHandle nameless{""};
    const JobHandle dash{"-"};
    const std::string text = profile(ProfileDetail::tasks);
    CHECK(count(text, "  [odd \\x20\\x1b[1m \\x22name\\x22 \\x5c 1 task \\x20id 0x5\\x20]  id 0x") == 1);
    CHECK(count(text, "  [-]  id 0x") == 1);
    CHECK(count(text, "  [\\x2d]  id 0x") == 1);
}

TEST_CASE("A profile of many shapes is bounded, and says what it leaves out") {
    const std::size_t base = threads_at_rest();
    const OwnAgent agent{{.table_initial_bytes = std::size_t{8} << 20}};
    std::deque<JobHandle> jobs;
    for (std::uint32_t at = 0; at < 20u * 16 * 16; ++at) {
        jobs.emplace_back("job", SourcePlace{"many.cpp", "make", at / 16 % 16});
        jobs.back().waits(static_cast<wait_reason>(1 + at / 256), nullptr, "it",
                          SourcePlace{"many.cpp", "wait", at % 16});
    }
    const std::string text = profile(ProfileDetail::groups);
    CHECK(is_whole(text));
    CHECK(count(text, "\n1 task  ") == 4096);
    CHECK(count(text, "\nincomplete  " + std::to_string(1024 + base) +
                          " tasks are of other shapes than the first 4096: not told\n") == 1);
    CHECK(count(text, "\nend  tasks " + std::to_string(5120 + base) + "  dropped 0\n") == 1);
}

TEST_CASE("A hundred thousand jobs are told in a few lines") {
    const OwnAgent agent{{.table_initial_bytes = std::size_t{32} << 20}};
    const std::vector<JobHandle> jobs = [] {
        std::vector<JobHandle> made;
        for (int at = 0; at < 100'000; ++at)
            made.emplace_back("send receipt", SourcePlace{"queue.cpp", "push", 7});
        return made;
    }();
    const std::string text = profile(ProfileDetail::groups);
    CHECK(count(text, "\n100000 tasks  job  runnable  ") == 1);
    CHECK(text.size() < 20'000);
}

TEST_CASE("What cannot be written to gives its errno value") {
    const OwnAgent agent;
    CHECK(write_profile(-1, ProfileDetail::groups) == EBADF);
    const OwnedFd full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
    REQUIRE(full);
    CHECK(write_profile(full.get(), ProfileDetail::groups) == ENOSPC);
    const OwnedFd unwritable{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    CHECK(write_profile(unwritable.get(), ProfileDetail::groups) == EBADF);
}

TEST_CASE("A pipe that nobody reads any more is EPIPE, not the end of the host") {
    const OwnAgent agent;
    Pipe pipe;
    pipe.out.reset();
    sigset_t before;
    REQUIRE(::pthread_sigmask(SIG_SETMASK, nullptr, &before) == 0);
    CHECK(write_profile(pipe.in.get(), ProfileDetail::groups) == EPIPE);
    sigset_t after;
    REQUIRE(::pthread_sigmask(SIG_SETMASK, nullptr, &after) == 0);
    CHECK(::sigismember(&after, SIGPIPE) == ::sigismember(&before, SIGPIPE));
    sigset_t pending;
    REQUIRE(::sigpending(&pending) == 0);
    CHECK(::sigismember(&pending, SIGPIPE) == 0);
}

TEST_CASE("A SIGPIPE that waited before stays the host's") {
    const OwnAgent agent;
    sigset_t pipe_signal;
    ::sigemptyset(&pipe_signal);
    ::sigaddset(&pipe_signal, SIGPIPE);
    sigset_t before;
    REQUIRE(::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before) == 0);
    REQUIRE(::pthread_kill(::pthread_self(), SIGPIPE) == 0);
    Pipe pipe;
    pipe.out.reset();
    CHECK(write_profile(pipe.in.get(), ProfileDetail::groups) == EPIPE);
    const timespec at_once{};
    CHECK(::sigtimedwait(&pipe_signal, nullptr, &at_once) == SIGPIPE);
    REQUIRE(::pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
}

TEST_CASE("A file that outgrows its limit is EFBIG, not the end of the host") {
    CHECK(in_child([] {
              const OwnAgent agent;
              const OwnedFd file{::open("/tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600)};
              const rlimit small{.rlim_cur = 100, .rlim_max = 100};
              if (!file || ::setrlimit(RLIMIT_FSIZE, &small) != 0)
                  return 1;
              return write_profile(file.get(), ProfileDetail::groups) == EFBIG ? 0 : 2;
          }) == 0);
}

TEST_CASE("A profile goes whole through a small pipe, also one that does not block") {
    const OwnAgent agent;
    const Senders senders{8};
    profile_with(ProfileDetail::tasks, "  thread captured  tid ", 8); // more than 4 KiB of stacks
    for (const int flags : {0, O_NONBLOCK}) {
        Pipe pipe;
        REQUIRE(::fcntl(pipe.in.get(), F_SETPIPE_SZ, 4096) > 0);
        REQUIRE(::fcntl(pipe.in.get(), F_SETFL, flags) == 0);
        int error = -1;
        std::thread writer{[&] {
            error = write_profile(pipe.in.get(), ProfileDetail::stacks);
            pipe.in.reset();
        }};
        const std::string text = all_of(pipe.out.get());
        writer.join();
        CHECK(error == 0);
        CHECK(is_whole(text));
        CHECK(text.size() > 8192);
    }
}

TEST_CASE("A profile takes nothing from the heap, leaves no descriptor, and errno is the host's") {
    const OwnAgent agent;
    const Senders senders{2};
    const OwnedFd null{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
    REQUIRE(null);
    const std::size_t fds = open_fds();
    const auto allocated = allocations_of_this_thread();
    errno = 12345;
    const int error = write_profile(null.get(), ProfileDetail::stacks);
    const int kept = errno;
    CHECK(allocations_of_this_thread() == allocated);
    CHECK(error == 0);
    CHECK(kept == 12345);
    CHECK(open_fds() == fds);
}

TEST_CASE("Profiles that are asked for at once come one after the other, each whole") {
    const OwnAgent agent;
    std::array<std::string, 4> texts;
    std::vector<std::thread> threads;
    for (std::string& text : texts)
        threads.emplace_back([&text] { text = profile(ProfileDetail::tasks); });
    for (std::thread& thread : threads)
        thread.join();
    for (const std::string& text : texts)
        CHECK(is_whole(text));
}

TEST_CASE("The agent may stop while a profile is written") {
    std::optional<OwnAgent> agent;
    agent.emplace();
    std::optional<Senders> senders;
    senders.emplace(48); // more than the 64 KiB that are written at once
    profile_with(ProfileDetail::tasks, "  thread captured  tid ", 48);
    Pipe pipe;
    REQUIRE(::fcntl(pipe.in.get(), F_SETPIPE_SZ, 4096) > 0);
    int error = -1;
    std::thread writer{[&] {
        error = write_profile(pipe.in.get(), ProfileDetail::stacks);
        pipe.in.reset();
    }};
    char first = 0;
    REQUIRE(::read(pipe.out.get(), &first, 1) == 1); // it has begun, and now waits for us
    agent.reset();
    const std::string text = first + all_of(pipe.out.get());
    writer.join();
    CHECK(error == 0);
    CHECK(is_whole(text));
    senders.reset();
}

TEST_CASE("A forked child has no agent, and its profiles wait for nobody") {
    const OwnAgent agent;
    const Senders senders{8};
    profile_with(ProfileDetail::tasks, "  thread captured  tid ", 8);
    Pipe pipe;
    REQUIRE(::fcntl(pipe.in.get(), F_SETPIPE_SZ, 4096) > 0);
    std::thread writer{[&] { // holds its turn until we read
        write_profile(pipe.in.get(), ProfileDetail::stacks);
        pipe.in.reset();
    }};
    char first = 0;
    REQUIRE(::read(pipe.out.get(), &first, 1) == 1);
    CHECK(in_child([] { return write_profile(1, ProfileDetail::groups); }) == ENODEV);
    all_of(pipe.out.get());
    writer.join();
}

TEST_CASE("A thread that is to be cancelled finishes its profile first") {
    const OwnAgent agent;
    struct Shared {
        OwnedFd memory{::memfd_create("profile", MFD_CLOEXEC)};
        std::atomic<bool> cancelled{false};
        std::atomic<int> error{-1};
    } shared;
    pthread_t thread;
    const auto body = [](void* argument) -> void* {
        auto& with = *static_cast<Shared*>(argument);
        while (!with.cancelled.load())
            ::sched_yield();
        with.error = write_profile(with.memory.get(), ProfileDetail::tasks);
        ::pthread_testcancel();
        return nullptr;
    };
    REQUIRE(::pthread_create(&thread, nullptr, body, &shared) == 0);
    REQUIRE(::pthread_cancel(thread) == 0);
    shared.cancelled = true;
    void* result = nullptr;
    REQUIRE(::pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(shared.error == 0);
    REQUIRE(::lseek(shared.memory.get(), 0, SEEK_SET) == 0);
    CHECK(is_whole(all_of(shared.memory.get())));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("A profile needs little of the calling thread's stack") {
    const OwnAgent agent;
    pthread_attr_t attributes;
    REQUIRE(::pthread_attr_init(&attributes) == 0);
    REQUIRE(::pthread_attr_setstacksize(&attributes, 32 * 1024) == 0);
    std::atomic<int> error{-1};
    pthread_t thread;
    const auto body = [](void* into) -> void* {
        *static_cast<std::atomic<int>*>(into) = write_profile(STDOUT_FILENO + 1000, ProfileDetail::groups);
        return nullptr;
    };
    REQUIRE(::pthread_create(&thread, &attributes, body, &error) == 0);
    REQUIRE(::pthread_join(thread, nullptr) == 0);
    CHECK(error == EBADF); // all but the last line is made before the first is written
    ::pthread_attr_destroy(&attributes);
}
#endif

TEST_CASE("C callers have it too") {
    const OwnAgent agent;
    const OwnedFd memory{::memfd_create("profile", MFD_CLOEXEC)};
    CHECK(::tasks_write_profile(memory.get(), 1) == 0);
    REQUIRE(::lseek(memory.get(), 0, SEEK_SET) == 0);
    CHECK(all_of(memory.get()).starts_with("tasks profile 1  tasks\n"));
    CHECK(::tasks_write_profile(memory.get(), 3) == EINVAL);
    CHECK(::tasks_write_profile(memory.get(), -1) == EINVAL);
}
