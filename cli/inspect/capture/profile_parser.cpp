#include "capture/profile_parser.hpp"

#include <algorithm>

#include "capture/profile_text.hpp"
#include "capture/thread_skew.hpp"

namespace tasks::inspect::profile {
namespace {

using protocol::Capture;
using protocol::Kind;
using protocol::State;

constexpr std::string_view title = "tasks profile ";

std::string counted(std::uint64_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string{what} + (count == 1 ? "" : "s");
}

std::uint64_t since(std::uint64_t taken_ns, std::uint64_t ago_ns) { return taken_ns > ago_ns ? taken_ns - ago_ns : 0; }

} // namespace

Parser::Parser() {
    snapshot_.process.agent = AgentState::profile;
    snapshot_.threads_known = true;
}

bool Parser::take(std::string_view line) {
    if (!titled_) {
        titled_ = true;
        return take_title(line);
    }
    if (line.empty()) {
        flush();
    } else if (line.starts_with("  ")) {
        judge(take_detail(line, block_));
    } else {
        flush();
        take_top(line);
    }
    return true;
}

bool Parser::skip_line() {
    ++bad_lines_;
    return titled_ || take_title({});
}

bool Parser::begun() {
    if (!titled_) {
        problem_ = "is empty: no profile was written, or not yet; give a file that tasks::write_profile() wrote";
    }
    return titled_;
}

bool Parser::take_title(std::string_view line) {
    const auto fields = fields_of(line);
    if (!line.starts_with(title)) {
        problem_ = "is no profile: it does not begin with \"tasks profile 1\"; give a file that tasks::write_profile() "
                   "wrote";
        return false;
    }
    if (const auto version = fields[0].substr(std::min(title.size(), fields[0].size())); version != "1") {
        problem_ = "is a profile of version " + std::string{version.substr(0, 20)} +
                   ", this command reads version 1: use the tasks command of the release that wrote it";
        return false;
    }
    groups_ = fields.size() > 1 && fields[1] == "groups";
    return true;
}

void Parser::take_top(std::string_view line) {
    if (line.front() >= '0' && line.front() <= '9') {
        judge(take_first_line(line, block_));
        return;
    }
    const auto fields = fields_of(line);
    bool good = true;
    auto first = fields.front();
    if (take_keyword(first, "process")) {
        good = take_process(fields);
    } else if (take_keyword(first, "time")) {
        good = seen_tasks_ == 0 && take_time(fields); // ages count from it
    } else if (take_keyword(first, "signal")) {
        good = take_signal(first, fields);
    } else if (first == "asleep") {
        snapshot_.process.asleep = true;
    } else if (first == "terminate" && snapshot_.process.signal) {
        take_terminate(fields);
    } else if (first == "module") {
        good = take_module(fields);
    } else if (first == "incomplete" && fields.size() > 1) {
        snapshot_.incomplete.push_back({0, unescaped(fields[1])});
        snapshot_.threads_known = snapshot_.threads_known && fields[1].find("thread") == std::string_view::npos;
    } else if (first == "end") {
        good = take_end(fields);
    }
    judge(good);
}

bool Parser::take_process(const std::vector<std::string_view>& fields) {
    auto& process = snapshot_.process;
    bool good = take_number(fields[0].substr(fields[0].find(' ') + 1), process.pid);
    process.name = fields.size() > 1 ? unescaped(fields[1]) : "";
    for (auto field : fields) {
        if (take_keyword(field, "started")) {
            good = take_number(field, process.start_time_ticks) && good;
        } else if (take_keyword(field, "uid")) {
            good = take_number(field, process.uid) && good;
        }
    }
    return good;
}

bool Parser::take_time(const std::vector<std::string_view>& fields) {
    bool good = true;
    for (auto field : fields) {
        if (take_keyword(field, "realtime")) {
            good = take_number(field, snapshot_.taken_at_realtime_ns) && good;
        } else if (take_keyword(field, "monotonic")) {
            good = take_number(field, snapshot_.taken_at_ns) && good;
        }
    }
    return good;
}

bool Parser::take_signal(std::string_view number, const std::vector<std::string_view>& fields) {
    EndSignal signal;
    bool good = take_number(number, signal.number);
    for (auto field : fields) {
        if (take_keyword(field, "address")) {
            std::uint64_t address = 0;
            good = take_number(field, address) && good;
            signal.address = address;
        } else if (take_keyword(field, "tid")) {
            good = take_number(field, signal.tid) && good;
        }
    }
    if (good) {
        snapshot_.process.signal = std::move(signal);
    }
    return good;
}

void Parser::take_terminate(const std::vector<std::string_view>& fields) {
    auto& signal = *snapshot_.process.signal;
    signal.terminated = true;
    signal.exception_type = fields.size() > 1 ? unescaped(fields[1]) : "";
    signal.exception_text = fields.size() > 2 ? unescaped(fields[2]) : "";
}

bool Parser::take_module(const std::vector<std::string_view>& fields) {
    if (fields.size() < 3 || snapshot_.modules.size() == max_modules) {
        return false;
    }
    ModuleFacts module;
    const auto dash = fields[1].find('-');
    bool good = dash != std::string_view::npos && take_number(fields[1].substr(0, dash), module.start) &&
                take_number(fields[1].substr(dash + 1), module.end) && module.start < module.end;
    for (std::size_t at = 2; at + 1 < fields.size(); ++at) {
        auto field = fields[at];
        if (take_keyword(field, "offset")) {
            good = take_number(field, module.file_offset) && good;
        } else if (take_keyword(field, "build-id")) {
            module.build_id = from_hexadecimal(field).value_or("");
        }
    }
    module.path = unescaped(fields.back());
    if (good) {
        without_build_id_ += module.build_id.empty() && module.path.starts_with('/') ? 1u : 0u;
        snapshot_.modules.push_back(std::move(module));
    }
    return good;
}

bool Parser::take_end(const std::vector<std::string_view>& fields) {
    ended_ = true;
    bool good = true;
    for (auto field : fields) {
        if (take_keyword(field, "tasks")) {
            good = take_number(field, told_tasks_) && good;
        } else if (take_keyword(field, "dropped")) {
            good = take_number(field, snapshot_.vitals.jobs_dropped) && good;
        }
    }
    return good;
}

void Parser::flush() {
    if (block_.count != 0) {
        if (groups_) {
            add_group(block_);
        } else {
            add_task(block_);
        }
        seen_tasks_ += std::min(block_.count, max_tasks);
    }
    block_ = Block{};
}

/// What the registry knew of it: where the process did not say that it waits, only that it was begun.
TaskFacts Parser::task_of(const Block& block) {
    TaskFacts task;
    task.id = block.id.value_or(0);
    task.kind = block.kind;
    task.tid = block.tid;
    task.wait_object = block.object;
    task.scopes = places_.scopes(block);
    task.label = places_.label(block.label, block.label_cut);
    if (block.frame != TaskFrameFacts{} && snapshot_.task_frames.size() <= max_tasks) {
        task.frame = static_cast<std::uint32_t>(snapshot_.task_frames.size());
        snapshot_.task_frames.push_back(block.frame);
    }
    if (block.wait_place) {
        task.state = State::waiting;
        task.wait_reason = block.wait_reason;
        task.wait_site = places_.site(*block.wait_place);
    } else {
        task.state = block.tid != 0 ? State::running : block.state;
    }
    return task;
}

void Parser::add_task(Block& block) {
    const auto taken = snapshot_.taken_at_ns;
    if (block.id) {
        auto task = task_of(block);
        if (block.wait_place) {
            task.since_ns = block.ages ? since(taken, block.ages->least_ns) : 0;
        } else {
            task.since_ns = block.started_ago_ns ? since(taken, *block.started_ago_ns) : 0;
        }
        add(task);
    }
    if (block.thread) {
        auto& thread = *block.thread;
        thread.taken_at_ns += taken;
        thread.stack_cut = thread.stack_cut || thread.stack.size() < block.stack_bytes;
        add(std::move(thread));
    }
}

// Of a group's tasks only the ages of the youngest and of the oldest are known.
void Parser::add_group(const Block& block) {
    const auto room = max_tasks - members_;
    const auto members = std::min(block.count, room);
    members_ += members;
    left_out_ += block.count - members;
    const auto task = task_of(block);
    for (std::uint64_t at = 0; at < members; ++at) {
        std::optional<std::uint64_t> age;
        if (block.ages && at + 1 == block.count) {
            age = block.ages->most_ns;
        } else if (block.ages && at == 0) {
            age = block.ages->least_ns;
        }
        add_member(block, task, at, age);
    }
}

void Parser::add_member(const Block& block, TaskFacts task, std::uint64_t at, std::optional<std::uint64_t> age) {
    const bool last_ran = block.ages && block.ages->last_ran;
    task.tid = at < block.tids.size() ? block.tids[at] : 0;
    if (!block.wait_place) {
        task.state = task.tid != 0 ? State::running : block.state;
    }
    task.since_ns = age && !last_ran ? since(snapshot_.taken_at_ns, *age) : 0;
    const bool plain = block.kind == Kind::thread && !block.wait_place;
    if (!plain) {
        add(task);
    }
    if (plain || task.tid != 0) {
        add(thread_of_group(block, task.tid, last_ran ? age : std::nullopt));
    }
}

ThreadFacts Parser::thread_of_group(const Block& block, std::uint32_t tid, std::optional<std::uint64_t> last_ran) {
    ThreadFacts thread = block.thread.value_or(ThreadFacts{});
    thread.tid = tid;
    thread.name = block.scope_places.empty() ? block.name : "";
    thread.capture = thread.pc != 0 ? Capture::captured : thread.capture;
    if (!block.wait_place) {
        thread.wait_reason = block.wait_reason;
    }
    thread.last_ran_ago_ns = last_ran;
    return thread;
}

void Parser::add(const TaskFacts& task) {
    if (snapshot_.tasks.size() == max_tasks) {
        ++left_out_;
        return;
    }
    snapshot_.tasks.push_back(task);
}

// Two records of one thread, its old and its new one, both tell it.
void Parser::add(ThreadFacts thread) {
    if (thread.tid != 0 && !tids_.insert(thread.tid).second) {
        return;
    }
    if (snapshot_.threads.size() == max_threads) {
        ++left_out_;
        return;
    }
    if (stack_bytes_ + thread.stack.size() > max_stacks_bytes) {
        thread.stack.clear();
        thread.stack_cut = true;
    }
    stack_bytes_ += thread.stack.size();
    snapshot_.threads.push_back(std::move(thread));
}

void Parser::tell_missing() {
    const auto tell = [this](std::string sentence) { snapshot_.incomplete.push_back({0, std::move(sentence)}); };
    if (!ended_) {
        tell("the profile has no end: it was cut short, or is still being written");
        snapshot_.threads_known = false;
    } else if (seen_tasks_ < told_tasks_) {
        tell(counted(told_tasks_ - seen_tasks_, "task") + " of " + std::to_string(told_tasks_) +
             " are not in the profile");
        snapshot_.threads_known = false;
    }
    if (bad_lines_ != 0) {
        tell(counted(bad_lines_, "line") + " of the profile could not be read, and " +
             (bad_lines_ == 1 ? "is" : "are") + " left out");
    }
    if (const auto count = left_out_ + places_.left_out(); count != 0) {
        tell(std::to_string(count) + (count == 1 ? " entry of the profile is" : " entries of the profile are") +
             " more than this command reads");
    }
    if (without_build_id_ != 0) {
        tell(counted(without_build_id_, "mapped file") +
             " had no build-id: whether it changed since cannot be told, names may be wrong");
    }
    if (groups_) {
        tell("a profile of groups: of each stack only the innermost address is known, of each group only the least and "
             "the largest age");
    }
}

Snapshot Parser::finish() {
    flush();
    tell_missing();
    if (snapshot_.threads_known) {
        snapshot_.vitals.os_threads = snapshot_.threads.size();
    }
    snapshot_.skew_ns = groups_ ? 0 : skew_of(snapshot_.threads);
    return std::move(snapshot_);
}

} // namespace tasks::inspect::profile
