// A program that makes threads in every way, and knows nothing of the agent unless it is linked with it. "stay
// [COUNT]": says "ready" and waits to be looked at. Else it does one thing, and prints what a program can see of it.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

#ifdef TASKS_TARGET_AGENT
#include <tasks/agent.hpp>
#include <tasks/job.hpp>
#endif

namespace {

void wait_for_ever() {
    for (;;)
        ::pause();
}

void* wait_as_thread(void*) {
    wait_for_ever();
    return nullptr;
}

[[gnu::noinline]] std::thread spawn_by_std() {
    return std::thread(wait_for_ever); // creates: spawn_by_std
}

[[gnu::noinline]] void spawn_tiny() {
    pthread_t thread{};
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, static_cast<std::size_t>(PTHREAD_STACK_MIN));
    if (::pthread_create(&thread, &attributes, wait_as_thread, nullptr) != 0) // creates: spawn_tiny
        std::abort();
    ::pthread_attr_destroy(&attributes);
}

[[gnu::noinline]] void spawn_within() {
    std::thread thread(wait_for_ever); // creates: spawn_within
    thread.join();
}

[[gnu::noinline]] std::thread spawn_outer() { return std::thread(spawn_within); }

int stay(int count) {
#ifdef TASKS_TARGET_AGENT
    const tasks::Agent agent;
    if (!agent.error().empty())
        std::printf("error: %s ", agent.error().data());
    const tasks::Job job{"its own job"};
#endif
    std::vector<std::thread> threads;
    for (int at = 0; at < count; ++at)
        threads.push_back(spawn_by_std());
    spawn_tiny();
    threads.push_back(spawn_outer());
    ::usleep(200'000); // until the inner one is there
    std::puts("ready");
    std::fflush(stdout);
    wait_for_ever();
    return 0;
}

/// Threads one after the other, and many at once.
int storm() {
    long sum = 0;
    for (int at = 0; at < 10'000; ++at)
        std::thread([&sum] { ++sum; }).join();
    std::vector<std::thread> threads;
    for (int at = 0; at < 200; ++at)
        threads.emplace_back([] {});
    for (auto& thread : threads)
        thread.join();
    return std::printf("%ld threads\n", sum) < 0 ? 1 : 0;
}

int fail() {
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, std::size_t{1} << 46);
    pthread_t thread{};
    const int failed = ::pthread_create(&thread, &attributes, wait_as_thread, nullptr);
    return std::printf("pthread_create: %s\n", std::strerror(failed)) < 0 ? 1 : 0;
}

int exit_of_thread(bool cancel) {
    pthread_t thread{};
    void* result = nullptr;
    const auto routine = [](void* argument) -> void* {
        if (argument == nullptr)
            ::pthread_exit(const_cast<char*>("left"));
        wait_for_ever();
        return nullptr;
    };
    if (::pthread_create(&thread, nullptr, routine, cancel ? &thread : nullptr) != 0)
        return 1;
    if (cancel)
        ::pthread_cancel(thread);
    ::pthread_join(thread, &result);
    return std::printf("%s\n", cancel ? (result == PTHREAD_CANCELED ? "cancelled" : "not cancelled")
                                      : static_cast<const char*>(result)) < 0;
}

/// Threads before and after fork(), in parent and child.
int forks() {
    std::thread([] {}).join();
    const pid_t child = ::fork();
    int seen = 0;
    std::thread([&seen] { seen = 1; }).join();
    if (child == 0)
        ::_exit(seen == 1 ? 3 : 4);
    int status = 0;
    ::waitpid(child, &status, 0);
    return std::printf("child: %d, parent: %d\n", WEXITSTATUS(status), seen) < 0 ? 1 : 0;
}

int closes_all() {
    for (int fd = 3; fd < 1024; ++fd)
        ::close(fd);
    std::thread([] {}).join();
    return std::printf("first file: %d\n", ::dup(1)) < 0 ? 1 : 0;
}

} // namespace

int main(int, char** words) {
    const std::string_view how = words[1] == nullptr ? "" : words[1];
    if (how == "stay")
        return stay(words[2] == nullptr ? 3 : std::atoi(words[2]));
    if (how == "storm")
        return storm();
    if (how == "fail")
        return fail();
    if (how == "exit" || how == "cancel")
        return exit_of_thread(how == "cancel");
    if (how == "fork")
        return forks();
    if (how == "exec")
        return ::execlp("sh", "sh", "-c", "echo \"$LD_PRELOAD\" \"$TASKS_RUN\" $$ >/dev/null; echo here; exit 5",
                        nullptr);
    if (how == "close")
        return closes_all();
    if (how == "status")
        return std::puts("status 7") < 0 ? 1 : 7;
    return 2;
}
