// job_storm FACTS: four writers begin, label, carry, make wait and end jobs as fast as they can, on threads that come
// and go, and write down in the file FACTS what is true (storm_facts.hpp). Prints "ready PID" and goes on until it is
// killed, at most for a minute.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <string>
#include <thread>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>
#include <tasks/label.hpp>
#include <tasks/wait.hpp>

#include "storm_facts.hpp"

namespace {

using namespace targets;

constexpr int steps_a_thread = 20'000;

StormFacts* facts = nullptr;

struct Handle {
    std::atomic_flag taken;
    tasks::JobHandle job;
    std::uint64_t turn = 0;
};
std::array<Handle, handle_count> handles;

std::uint64_t coarse_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

/// When `begin` stamped what it began; 0: the clock ticked meanwhile.
template <class Begin> std::uint64_t time_of(Begin&& begin) {
    const std::uint64_t before = coarse_ns();
    begin();
    return coarse_ns() == before ? before : 0;
}

tasks::SourcePlace at_line(std::uint64_t line) {
    return {storm_file, storm_function, static_cast<std::uint32_t>(line)};
}

template <std::size_t N> const char* one_of(const std::array<const char*, N>& names, std::uint64_t number) {
    return names[number % N];
}

class Writer {
public:
    Writer(unsigned index, std::uint64_t& seed, std::uint64_t& turn)
        : facts_(facts->threads[index]), index_(index), seed_(seed), turn_(turn) {}

    void live() {
        facts_.tid.store(static_cast<std::uint64_t>(::syscall(SYS_gettid)));
        for (steps_left_ = steps_a_thread; steps_left_ > 0; --steps_left_)
            step(0);
    }

private:
    std::uint64_t random(std::uint64_t below) {
        seed_ ^= seed_ << 13;
        seed_ ^= seed_ >> 7;
        seed_ ^= seed_ << 17;
        return (seed_ >> 16) % below;
    }
    std::uint64_t owner() const { return handle_count + index_; }

    void step(std::uint64_t depth) {
        switch (random(10)) {
        case 0:
            return nest(depth);
        case 1:
            return wait(depth, 0);
        case 2:
            return label(depth);
        case 3:
            return carry(depth);
        default:
            return touch_handle();
        }
    }

    void go_on(std::uint64_t depth) {
        for (auto steps = random(5); steps > 0; --steps)
            step(depth);
    }

    void nest(std::uint64_t depth) {
        if (depth == deepest)
            return;
        const std::uint64_t variant = random(variants);
        const std::uint64_t line = scope_lines + depth * variants + variant;
        facts_.scopes[depth].store(line);
        if (depth == 0) {
            facts_.started_ns.store(0);
            facts_.number.store(facts_.number + 1);
        }
        facts_.births.to.store(facts_.births.to + 1);
        facts_.depth.to.store(depth + 1);
        {
            const std::uint64_t before = coarse_ns();
            const tasks::Job job{one_of(job_names, variant), at_line(line)};
            if (depth == 0 && coarse_ns() == before)
                facts_.started_ns.store(before);
            facts_.depth.from.store(depth + 1);
            facts_.births.from.store(facts_.births.to);
            go_on(depth + 1);
            facts_.deaths.to.store(facts_.deaths.to + 1);
            facts_.depth.to.store(depth);
        }
        facts_.depth.from.store(depth);
        facts_.deaths.from.store(facts_.deaths.to);
    }

    void wait(std::uint64_t depth, std::uint64_t outer) {
        const Proof proof{.owner = owner(),
                          .number = depth == 0 ? 0 : facts_.number.load(),
                          .turn = ++turn_,
                          .started_ns = depth == 0 ? 0 : facts_.started_ns.load()};
        facts_.wait.to.store(proof.object());
        {
            const tasks::Wait wait{wait_reasons[turn_ % wait_reasons.size()],
                                   reinterpret_cast<const void*>(proof.object()), one_of(wait_names, turn_),
                                   at_line(wait_lines + turn_ % wait_names.size())};
            facts_.wait.from.store(proof.object());
            if (outer == 0 && random(2) == 0)
                this->wait(depth, proof.object());
            touch_handle();
            facts_.wait.to.store(outer);
        }
        facts_.wait.from.store(outer);
    }

    std::uint64_t new_label() { return Proof{.owner = owner(), .number = random(1u << 24), .turn = ++turn_}.object(); }

    void label(std::uint64_t depth) {
        const std::uint64_t outer = facts_.label.to;
        const std::uint64_t inner = new_label();
        facts_.label.to.store(inner);
        {
            const tasks::Label label{label_key, inner, at_line(label_line)};
            facts_.label.from.store(inner);
            go_on(depth);
            facts_.label.to.store(outer);
        }
        facts_.label.from.store(outer);
    }

    /// The thread carries a handle's job for a while.
    void carry(std::uint64_t depth) {
        const std::uint64_t index = random(handle_count);
        Handle& handle = handles[index];
        if (depth == deepest || handle.taken.test_and_set(std::memory_order_acquire))
            return;
        if (handle.job)
            carry(handle, index, depth);
        handle.taken.clear(std::memory_order_release);
    }

    void carry(Handle& handle, std::uint64_t index, std::uint64_t depth) {
        HandleFacts& known = facts->handles[index];
        const std::uint64_t outer = facts_.label.to;
        facts_.scopes[depth].store(handle_lines + index);
        if (depth == 0) {
            facts_.number.store(facts_.number + 1);
            facts_.started_ns.store(known.started_ns);
        }
        known.wait.to.store(0);
        known.carried.to.store(carried_by(index_, depth));
        facts_.label.to.store(depth == 0 || known.label.to != 0 ? known.label.to.load() : outer);
        facts_.depth.to.store(depth + 1);
        {
            const auto scope = handle.job.run();
            known.wait.from.store(0);
            known.carried.from.store(known.carried.to);
            facts_.label.from.store(facts_.label.to);
            facts_.depth.from.store(depth + 1);
            go_on(depth + 1);
            if (random(2) == 0)
                label(handle, known, true);
            if (random(4) == 0)
                end(handle, known); // the scope goes on alone
            go_on(depth + 1);
            known.carried.to.store(0);
            facts_.label.to.store(outer);
            facts_.depth.to.store(depth);
        }
        known.carried.from.store(0);
        facts_.label.from.store(outer);
        facts_.depth.from.store(depth);
    }

    void touch_handle() {
        const std::uint64_t index = random(handle_count);
        Handle& handle = handles[index];
        if (handle.taken.test_and_set(std::memory_order_acquire))
            return; // another writer has it in hand, or an outer scope carries it
        HandleFacts& known = facts->handles[index];
        if (!handle.job)
            begin(handle, known, index);
        else if (const auto choice = random(8); choice < 2)
            end(handle, known);
        else if (choice == 2)
            label(handle, known, false);
        else
            let_wait(handle, known, index);
        handle.taken.clear(std::memory_order_release);
    }

    void begin(Handle& handle, HandleFacts& known, std::uint64_t index) {
        known.number.store(known.number + 1);
        known.started_ns.store(0);
        known.label.change(facts_.label.to, [] {});
        facts_.births.to.store(facts_.births.to + 1);
        known.alive.change(1, [&] {
            known.started_ns.store(time_of(
                [&] { handle.job = tasks::JobHandle{one_of(job_names, index), at_line(handle_lines + index)}; }));
        });
        facts_.births.from.store(facts_.births.to);
    }

    void end(Handle& handle, HandleFacts& known) {
        facts_.deaths.to.store(facts_.deaths.to + 1);
        known.carried.to.store(0);
        known.alive.change(0, [&] { handle.job = {}; });
        known.carried.from.store(0);
        facts_.deaths.from.store(facts_.deaths.to);
        known.wait.change(0, [] {});
    }

    void let_wait(Handle& handle, HandleFacts& known, std::uint64_t index) {
        const std::uint64_t turn = ++handle.turn;
        const Proof proof{.owner = index, .number = known.number, .turn = turn, .started_ns = known.started_ns};
        const bool ends = random(4) == 0;
        known.wait.change(ends ? 0 : proof.object(), [&] {
            if (ends)
                handle.job.waits(tasks::wait_reason::none);
            else
                handle.job.waits(wait_reasons[turn % wait_reasons.size()],
                                 reinterpret_cast<const void*>(proof.object()), one_of(wait_names, turn),
                                 at_line(wait_lines + turn % wait_names.size()));
        });
    }

    /// Of a job that this thread carries the thread has the label too.
    void label(Handle& handle, HandleFacts& known, bool carried) {
        const std::uint64_t number = new_label();
        if (carried)
            facts_.label.to.store(number);
        known.label.change(number, [&] { handle.job.label(label_key, std::to_string(number), at_line(label_line)); });
        if (carried)
            facts_.label.from.store(number);
    }

    ThreadFacts& facts_;
    unsigned index_;
    std::uint64_t& seed_;
    std::uint64_t& turn_;
    int steps_left_ = 0;
};

void keep_writing(unsigned index) {
    std::uint64_t seed = static_cast<std::uint64_t>(::getpid()) * 0x9e3779b97f4a7c15u + index * 7919 + 1;
    std::uint64_t turn = 0;
    for (;;)
        std::thread([&] { Writer{index, seed, turn}.live(); }).join();
}

bool open_facts(const char* path) {
    const int fd = ::open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || ::ftruncate(fd, sizeof(StormFacts)) != 0)
        return false;
    facts = map_facts(fd, PROT_READ | PROT_WRITE);
    ::close(fd);
    return facts != nullptr;
}

} // namespace

int main(int argc, char** argv) {
    ::alarm(60);
    if (argc != 2 || !open_facts(argv[1])) {
        std::perror("job_storm FACTS");
        return 2;
    }
    const tasks::Agent agent{{.name = "job_storm"}};
    if (!agent.error().empty()) {
        std::fprintf(stderr, "job_storm: %s\n", agent.error().data());
        return 2;
    }
    for (unsigned index = 0; index < writers; ++index)
        std::thread(keep_writing, index).detach();
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    for (;;)
        ::pause();
}
