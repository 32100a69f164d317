#include "inspect/analysis/made_snapshot.hpp"

#include <algorithm>

namespace tasks::inspect {

using namespace std::chrono_literals;

Frame frame_at(const std::string& function, const std::string& file, std::uint32_t line, const std::string& module) {
    Frame frame;
    frame.function = function;
    frame.file = file;
    frame.line = line;
    frame.module = module;
    return frame;
}

Frame inlined_at(const std::string& function, const std::string& file, std::uint32_t line) {
    auto frame = frame_at(function, file, line);
    frame.inlined = true;
    return frame;
}

MadeSnapshot::MadeSnapshot() {
    snapshot_.process = {.pid = 12336,
                         .ppid = 1,
                         .start_time_ticks = 884213,
                         .uid = 1000,
                         .user = "srv",
                         .name = "payments",
                         .exe = "/srv/payments/bin/payments"};
    snapshot_.taken_at_ns = now_ns;
    snapshot_.taken_at_realtime_ns = 1'764'000'000'000'000'000;
    snapshot_.threads_known = true;
    snapshot_.sites.resize(1);
    snapshot_.scope_lists.resize(1);
    snapshot_.labels.resize(1);
}

MadeSnapshot::MadeThread MadeSnapshot::thread(std::uint32_t tid, std::string name) {
    ThreadFacts facts;
    facts.tid = tid;
    facts.name = std::move(name);
    facts.taken_at_ns = now_ns;
    snapshot_.threads.push_back(std::move(facts));
    return {*this, snapshot_.threads.size() - 1};
}

ThreadFacts& MadeSnapshot::MadeThread::facts() { return made_->threads[index_]; }

MadeSnapshot::MadeThread& MadeSnapshot::MadeThread::blocked(const std::vector<std::string>& functions,
                                                            std::int32_t syscall) {
    facts().capture = protocol::Capture::captured;
    facts().syscall = syscall;
    auto& trace = made_.traces_[facts().tid];
    for (const auto& function : functions) {
        trace.pcs.push_back(made_.pc_of(function));
        trace.exact.push_back(trace.pcs.size() == 1);
    }
    trace.whole = true;
    return *this;
}

MadeSnapshot::MadeThread& MadeSnapshot::MadeThread::last_ran(std::chrono::nanoseconds ago) {
    facts().last_ran_ago_ns = static_cast<std::uint64_t>(ago.count());
    return *this;
}

MadeSnapshot::MadeThread& MadeSnapshot::MadeThread::in_futex(std::uint64_t address, std::uint64_t value,
                                                             const std::vector<std::uint32_t>& words) {
    constexpr std::uint64_t before = 16;
    constexpr std::uint64_t wait_private = 0x80;
    facts().arguments = {address, wait_private, value};
    facts().sp = address / 2; // somewhere
    auto& wait = facts().wait;
    wait.futex = address;
    wait.futex_bytes_at = address - before;
    wait.futex_bytes.assign(before, '\0');
    wait.futex_bytes.append(reinterpret_cast<const char*>(words.data()), words.size() * sizeof words.front());
    wait.futex_bytes.resize(72);
    wait.steady = true;
    return *this;
}

MadeSnapshot::MadeThread& MadeSnapshot::MadeThread::comes_to(protocol::Capture capture) {
    facts().capture = capture;
    return *this;
}

MadeSnapshot::MadeTask MadeSnapshot::job(std::initializer_list<std::string> scopes) {
    ScopeList list;
    for (const auto& scope : scopes) {
        list.sites.push_back(site(scope, "submit", "/src/payments/payments.cpp", 29));
    }
    TaskFacts task;
    task.id = std::uint64_t{1} << 32 | (snapshot_.tasks.size() + 8);
    task.kind = protocol::Kind::job;
    task.state = protocol::State::running;
    std::size_t index = 1;
    while (index < snapshot_.scope_lists.size() && !(snapshot_.scope_lists[index] == list)) {
        ++index;
    }
    if (index == snapshot_.scope_lists.size()) {
        snapshot_.scope_lists.push_back(list);
    }
    task.scopes = list.sites.empty() ? 0 : static_cast<std::uint32_t>(index);
    snapshot_.tasks.push_back(task);
    return {*this, snapshot_.tasks.size() - 1};
}

TaskFacts& MadeSnapshot::MadeTask::facts() { return made_->tasks[index_]; }

MadeSnapshot::MadeTask& MadeSnapshot::MadeTask::on_thread(std::uint32_t tid) {
    facts().tid = tid;
    return *this;
}

MadeSnapshot::MadeTask& MadeSnapshot::MadeTask::waits(protocol::WaitReason reason, const std::string& name,
                                                      std::chrono::nanoseconds since) {
    facts().state = protocol::State::waiting;
    facts().wait_reason = reason;
    facts().wait_site = made_.site(name, "send", "/src/payments/channel.hpp", 31);
    facts().wait_object = 0x7f0012345678;
    facts().since_ns = now_ns - static_cast<std::uint64_t>(since.count());
    return *this;
}

MadeSnapshot::MadeTask& MadeSnapshot::MadeTask::runs(std::chrono::nanoseconds since) {
    facts().state = protocol::State::running;
    facts().since_ns = now_ns - static_cast<std::uint64_t>(since.count());
    return *this;
}

MadeSnapshot::MadeTask& MadeSnapshot::MadeTask::is(protocol::Kind kind) {
    facts().kind = kind;
    return *this;
}

MadeSnapshot::MadeTask& MadeSnapshot::MadeTask::labelled(const std::string& key, const std::string& text, bool cut) {
    const LabelFacts label{key, text, cut};
    auto& labels = made_->labels;
    const auto known = std::ranges::find(labels, label);
    facts().label = static_cast<std::uint32_t>(known - labels.begin());
    if (known == labels.end()) {
        labels.push_back(label);
    }
    return *this;
}

std::uint32_t MadeSnapshot::site(const std::string& name, const std::string& function, const std::string& file,
                                 std::uint32_t line) {
    for (std::uint32_t index = 1; index < snapshot_.sites.size(); ++index) {
        const auto& known = snapshot_.sites[index];
        if (known.name == name && known.function == function && known.file == file && known.line == line) {
            return index;
        }
    }
    snapshot_.sites.push_back({name, function, file, line});
    return static_cast<std::uint32_t>(snapshot_.sites.size() - 1);
}

void MadeSnapshot::place(const std::string& function, Frame frame) { places_[function] = std::move(frame); }

std::uint64_t MadeSnapshot::pc_of(const std::string& function) {
    const auto [known, added] = pcs_.try_emplace(function, 0x401000 + 0x10 * pcs_.size());
    if (added) {
        auto frame = places_.contains(function) ? places_[function] : frame_at(function, "", 0, "");
        frame.address = known->second;
        frames_[known->second] = {frame};
    }
    return known->second;
}

StackSource MadeSnapshot::source() {
    return {[this](const ThreadFacts& thread) {
                ++unwound;
                return traces_[thread.tid];
            },
            [this](std::uint64_t pc, bool) -> const std::vector<Frame>& {
                ++named[pc];
                return frames_[pc];
            }};
}

StackReport MadeSnapshot::analyse(const StackOptions& options) { return analyse_stacks(snapshot_, source(), options); }

WaitGraph MadeSnapshot::analyse_waits() { return inspect::analyse_waits(snapshot_, source(), Places::all); }

} // namespace tasks::inspect
