// killed_table TABLE FACTS [--living LOOKS]: reads the table that a killed job_storm left behind, and looks whether
// each task that the reader accepts was there, whole, at that moment, and whether any is missing. --living: it runs
// still; each task that is accepted must agree with itself at each of so many looks. Prints the counts. Exit status: 0
// all is true, 1 something was torn, invented or lost, 2 it could not be found out.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tasks/protocol/table_reader.hpp>

#include "storm_facts.hpp"

namespace {

using namespace targets;
using tasks::protocol::Kind;
using tasks::protocol::State;
using tasks::protocol::Task;
using tasks::protocol::WaitReason;

class OpenFile final : public tasks::protocol::TableSource {
public:
    explicit OpenFile(const char* path) : fd_(::open(path, O_RDONLY | O_CLOEXEC)) {}
    ~OpenFile() override { ::close(fd_); }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    int fd() const { return fd_; }
    std::int64_t read_at(std::uint64_t offset, std::span<char> into) const noexcept override {
        const ssize_t got = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset));
        return got < 0 ? -errno : got;
    }

private:
    int fd_;
};

struct Counts {
    unsigned long tasks = 0;
    unsigned long waiting = 0;
    unsigned long proved = 0; ///< waits whose object also proved when the job was started
    unsigned long labelled = 0;
    unsigned long carriers = 0; ///< threads whose record tells nothing, while that of a job says that they carry it
    unsigned long wrong = 0;
    unsigned long missing = 0;
    unsigned long unreadable = 0;
    unsigned long damaged = 0;
};

/// A task, with its label's text kept.
struct Seen {
    Task task;
    std::string label;
};

/// One pass over a table, with or without the facts.
class Look {
public:
    Look(tasks::protocol::TableReader& table, const StormFacts* facts, Counts& counts)
        : table_(table), facts_(facts), counts_(counts) {}

    void take(const std::vector<Seen>& tasks) {
        for (const Seen& seen : tasks) {
            ++counts_.tasks;
            const char* wrong = ids_.insert(seen.task.id).second ? check(seen) : "its id is another one's too";
            if (wrong != nullptr)
                complain(seen.task, wrong);
        }
    }

    /// Those that must have been seen, and were not.
    void count_missing() {
        for (unsigned index = 0; index < handle_count; ++index) {
            const HandleFacts& known = facts_->handles[index];
            const std::uint64_t carried = known.carried.from != 0 ? known.carried.from : known.carried.to;
            const bool too_deep = carried != 0 && depth_of(carried) >= tasks::protocol::scopes_per_thread;
            counts_.missing += known.alive.is(1) && !too_deep && !owners_.contains(index) ? 1u : 0u;
        }
        for (unsigned index = 0; index < writers; ++index) {
            const ThreadFacts& known = facts_->threads[index];
            const bool seen = owners_.contains(handle_count + index);
            counts_.missing += !known.depth.may_be(0) && !seen ? 1u : 0u;
        }
    }

    /// Threads whose carried jobs are told as if nobody carried them: as it must be where their own record was cut in
    /// the middle.
    std::size_t unreadable_carriers() const { return carriers_.size(); }

private:
    const char* check(const Seen& seen) {
        if (const char* wrong = check_label(seen))
            return wrong;
        const std::uint64_t label = number_of(seen.label);
        if (seen.task.kind == Kind::thread || seen.task.tid != 0)
            return check_thread(seen.task, label);
        return seen.task.kind == Kind::job ? check_handle(seen.task, label) : "it is neither job nor thread";
    }

    static std::uint64_t number_of(const std::string& label) { return std::strtoull(label.c_str(), nullptr, 10); }

    const char* check_label(const Seen& seen) {
        if (seen.task.label_key == 0)
            return seen.label.empty() ? nullptr : "its label has no key";
        if (line_of(seen.task.label_key) != label_line || !is_named(seen.task.label_key, label_key))
            return "its label's key is none";
        const std::uint64_t number = number_of(seen.label);
        bool proves = false;
        for (unsigned writer = 0; writer < writers; ++writer)
            proves = proves || Proof::of(number, handle_count + writer, 0).object() == number;
        proves = proves && std::to_string(number) == seen.label && !seen.task.label_cut;
        return proves ? nullptr : "its label is nobody's";
    }

    const char* check_handle(const Task& task, std::uint64_t label) {
        const std::uint32_t line = task.scope_count == 1 ? line_of(task.scopes[0]) : 0;
        if (!is_handle(line))
            return "its site is none of the handles'";
        const std::uint64_t index = line - handle_lines;
        if (!is_named(task.scopes[0], job_names[index % job_names.size()]))
            return "its name is another handle's";
        if (task.state != (task.wait_reason == WaitReason::none ? State::runnable : State::waiting))
            return "its state is not that of queued work";
        if (const char* wrong = check_wait(task, index))
            return wrong;
        return facts_ == nullptr ? nullptr : check_handle_facts(task, index, label);
    }

    const char* check_handle_facts(const Task& task, std::uint64_t index, std::uint64_t label) {
        if (!owners_.insert(index).second)
            return "its handle's job is there twice";
        const HandleFacts& known = facts_->handles[index];
        if (!known.alive.may_be(1))
            return "it has ended";
        if (known.started_ns != 0 && task.started_ns != known.started_ns)
            return "it was started at another time";
        if (task.wait_object != 0 && Proof::of(task.wait_object, index, 0).number != known.number)
            return "its wait is of a job before it";
        if (!known.carried.may_be(0))
            carriers_.insert((known.carried.to - 1) / deepest);
        if (!known.label.may_be(label))
            return "its label is another one's";
        return known.wait.may_be(task.wait_object) ? nullptr : "it waits for something else";
    }

    static bool is_handle(std::uint64_t line) { return line >= handle_lines && line < handle_lines + handle_count; }

    /// Where each scope was begun; a message where one cannot be there.
    const char* take_scopes(const Task& task, std::vector<std::uint64_t>& lines) {
        for (std::uint8_t at = 0; at < task.scope_count; ++at) {
            const std::uint64_t first = scope_lines + std::uint64_t{at} * variants;
            const std::uint32_t line = line_of(task.scopes[at]);
            if (!is_handle(line) && (line < first || line >= first + variants))
                return "a scope's site is of another depth";
            const std::uint64_t number = line - (is_handle(line) ? handle_lines : first);
            if (!is_named(task.scopes[at], job_names[number % job_names.size()]))
                return "a scope's name is another site's";
            lines.push_back(line);
        }
        return nullptr;
    }

    const char* check_thread(const Task& task, std::uint64_t label) {
        std::vector<std::uint64_t> lines;
        if (const char* wrong = take_scopes(task, lines))
            return wrong;
        return facts_ == nullptr ? nullptr : check_thread_facts(task, lines, label);
    }

    const char* check_thread_facts(const Task& task, const std::vector<std::uint64_t>& lines, std::uint64_t label) {
        unsigned index = 0;
        while (index < writers && facts_->threads[index].tid != task.tid)
            ++index;
        if (index == writers)
            return "its thread is none of the writers";
        const ThreadFacts& known = facts_->threads[index];
        const std::uint64_t depth = task.scope_count + std::uint64_t{task.scopes_left_out};
        if (!owners_.insert(handle_count + index).second)
            return "its thread is there twice";
        if (!known.depth.may_be(depth))
            return "its scopes are not as many as the thread's";
        if (depth > 0 && known.started_ns != 0 && task.started_ns != known.started_ns)
            return "it was started at another time";
        if (!known.wait.may_be(task.wait_object))
            return "it waits for something else";
        if (depth > 0 && task.wait_object != 0 && Proof::of(task.wait_object, 0, 0).number != known.number)
            return "its wait is of a job before it";
        bool has_label = known.label.may_be(label);
        for (std::size_t at = 0; at < lines.size(); ++at) {
            if (known.scopes[at] != lines[at])
                return "a scope is not the thread's";
            if (!is_handle(lines[at]))
                continue;
            const std::uint64_t handle = lines[at] - handle_lines;
            if (!take_carried(handle, carried_by(index, at)))
                return "a job that it carries is there twice";
            has_label = has_label || (at == 0 && known.label.may_be(0) && facts_->handles[handle].label.may_be(label));
        }
        if (!has_label)
            return "its label is another one's";
        return check_wait(task, handle_count + index);
    }

    /// False: it was told already. A job may have ended while the scope that carried it goes on.
    bool take_carried(std::uint64_t handle, std::uint64_t by) {
        const HandleFacts& known = facts_->handles[handle];
        return !known.carried.may_be(by) || !known.alive.may_be(1) || owners_.insert(handle).second;
    }

    /// That all of a wait belongs together, and to this owner.
    const char* check_wait(const Task& task, std::uint64_t owner) {
        if (task.wait_reason == WaitReason::none)
            return task.wait_object == 0 && task.wait_site == 0 ? nullptr : "it waits for no reason";
        ++counts_.waiting;
        const bool began_in_scope = owner < handle_count || task.scope_count > 0;
        const Proof proof = Proof::of(task.wait_object, owner, began_in_scope ? task.started_ns : 0);
        if (proof.object() != task.wait_object)
            return "its wait's object does not prove it";
        counts_.proved += proof.started_ns != 0 ? 1u : 0u;
        if (static_cast<unsigned>(task.wait_reason) !=
            static_cast<unsigned>(wait_reasons[proof.turn % wait_reasons.size()]))
            return "its reason is another wait's";
        if (line_of(task.wait_site) != wait_lines + proof.turn % wait_names.size())
            return "its wait's site is another wait's";
        if (!is_named(task.wait_site, wait_names[proof.turn % wait_names.size()]))
            return "its wait's name is another wait's";
        return task.since_ns >= (proof.started_ns != 0 ? task.started_ns : 0) ? nullptr : "it waited before it began";
    }

    std::uint32_t line_of(std::uint32_t site) {
        const auto found = table_.site(site);
        return found && found->file == storm_file && found->function == storm_function ? found->line : 0;
    }
    bool is_named(std::uint32_t site, std::string_view name) {
        const auto found = table_.site(site);
        return found && found->name == name;
    }

    void complain(const Task& task, const char* wrong) {
        ++counts_.wrong;
        std::fprintf(stderr, "task %#llx (%s, tid %u, %u scopes, object %#llx, started %llu): %s\n",
                     static_cast<unsigned long long>(task.id), word(task.kind).data(), task.tid, task.scope_count,
                     static_cast<unsigned long long>(task.wait_object),
                     static_cast<unsigned long long>(task.started_ns), wrong);
    }

    tasks::protocol::TableReader& table_;
    const StormFacts* facts_;
    Counts& counts_;
    std::set<std::uint64_t> ids_;
    std::set<std::uint64_t> owners_;
    std::set<std::uint64_t> carriers_;
};

/// Numbers of beginnings and ends that the table counts must be those of the facts.
bool agree(const tasks::protocol::TableTotals& totals, const StormFacts& facts) {
    std::uint64_t least_births = 0;
    std::uint64_t most_births = 0;
    std::uint64_t least_deaths = 0;
    std::uint64_t most_deaths = 0;
    for (const ThreadFacts& thread : facts.threads) {
        least_births += thread.births.from;
        most_births += thread.births.to;
        least_deaths += thread.deaths.from;
        most_deaths += thread.deaths.to;
    }
    if (totals.jobs_started >= least_births && totals.jobs_started <= most_births &&
        totals.jobs_ended >= least_deaths && totals.jobs_ended <= most_deaths)
        return true;
    std::fprintf(stderr, "the table counts %llu beginnings and %llu ends, there were %llu to %llu and %llu to %llu\n",
                 static_cast<unsigned long long>(totals.jobs_started),
                 static_cast<unsigned long long>(totals.jobs_ended), static_cast<unsigned long long>(least_births),
                 static_cast<unsigned long long>(most_births), static_cast<unsigned long long>(least_deaths),
                 static_cast<unsigned long long>(most_deaths));
    return false;
}

tasks::protocol::TableTotals look(tasks::protocol::TableReader& table, const StormFacts* facts, Counts& counts) {
    std::vector<Seen> tasks;
    const auto totals = table.each_task([&](const Task& task) {
        tasks.push_back({task, std::string{task.label_text}});
        return true;
    });
    table.refresh(); // with the sites that came meanwhile
    Look look{table, facts, counts};
    look.take(tasks);
    if (facts != nullptr)
        look.count_missing();
    counts.labelled += static_cast<unsigned long>(
        std::count_if(tasks.begin(), tasks.end(), [](const Seen& seen) { return !seen.label.empty(); }));
    counts.carriers += look.unreadable_carriers();
    counts.unreadable += totals.unreadable;
    counts.damaged += totals.damaged;
    return totals;
}

/// False: something is not as it was.
bool check_dead(tasks::protocol::TableReader& table, const StormFacts& facts, Counts& counts) {
    const auto totals = look(table, &facts, counts);
    const bool agrees = agree(totals, facts);
    // Each writer can have been in the middle of one record.
    return agrees && counts.unreadable <= writers && counts.missing <= counts.unreadable &&
           counts.carriers <= counts.unreadable && table.facts().dropped_jobs == 0;
}

} // namespace

int main(int argc, char** argv) {
    const bool living = argc == 5 && std::string_view{argv[3]} == "--living";
    if (argc != 3 && !living) {
        std::fprintf(stderr, "killed_table TABLE FACTS [--living LOOKS]\n");
        return 2;
    }
    const OpenFile table_file{argv[1]};
    const OpenFile facts_file{argv[2]};
    const StormFacts* facts = map_facts(facts_file.fd(), PROT_READ);
    auto table = tasks::protocol::TableReader::open(table_file);
    if (!table || facts == nullptr) {
        std::fprintf(stderr, "killed_table: %s: %s\n", argv[table ? 2 : 1],
                     table ? "cannot be mapped" : table.error().sentence.c_str());
        return 2;
    }
    Counts counts;
    bool good = true;
    for (unsigned long looks = living ? std::strtoul(argv[4], nullptr, 10) : 0; looks > 0; --looks)
        look(*table, nullptr, counts);
    if (!living)
        good = check_dead(*table, *facts, counts);
    std::printf("tasks %lu waiting %lu proved %lu labelled %lu carriers %lu wrong %lu missing %lu unreadable %lu "
                "damaged %lu\n",
                counts.tasks, counts.waiting, counts.proved, counts.labelled, counts.carriers, counts.wrong,
                counts.missing, counts.unreadable, counts.damaged);
    return good && counts.wrong == 0 && counts.damaged == 0 ? 0 : 1;
}
