#include "capture/task_collector.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "capture/huge_pages.hpp"
#include "capture/thread_births.hpp"

namespace tasks::inspect {
namespace {

/// A reservation is only a hint: a table that claims more grows the vector by steps.
constexpr std::uint64_t max_reserved_tasks = 1u << 22;

TaskFacts facts_of(const protocol::Task& task) {
    TaskFacts facts;
    facts.id = task.id;
    facts.since_ns = task.since_ns;
    facts.wait_object = task.wait_object;
    facts.tid = task.tid;
    facts.kind = task.kind;
    facts.state = task.state;
    facts.wait_reason = task.wait_reason;
    return facts;
}

bool has_frame(const protocol::Task& task) {
    return task.frame != 0 || task.awaited_by != 0 || task.started_by != 0 || task.creator_pc != 0 ||
           task.created_in_pc != 0;
}

std::string records(std::uint64_t count) { return std::to_string(count) + (count == 1 ? " record" : " records"); }

void tell_totals(const protocol::TableTotals& totals, Snapshot& snapshot) {
    snapshot.vitals.jobs_started = totals.jobs_started;
    snapshot.vitals.jobs_ended = totals.jobs_ended;
    if (totals.unreadable != 0) {
        snapshot.incomplete.push_back({0, records(totals.unreadable) +
                                              " of the table could not be read: they changed "
                                              "at every look, or their writer was killed in an update"});
    }
    if (totals.damaged != 0) {
        snapshot.incomplete.push_back({0, records(totals.damaged) + " of the table are damaged and left out"});
    }
}

} // namespace

TaskCollector::TaskCollector(Snapshot& snapshot, std::uint64_t most)
    : snapshot_(snapshot), most_(most), labels_(snapshot.labels) {
    snapshot_.sites.resize(1);
    snapshot_.scope_lists.resize(1);
}

void TaskCollector::reserve(std::uint64_t tasks) {
    snapshot_.tasks.reserve(std::min(tasks, max_reserved_tasks));
    ask_for_huge_pages(snapshot_.tasks);
}

void TaskCollector::add(const protocol::Task& task) {
    if (snapshot_.tasks.size() >= most_) {
        ++left_out_;
        return;
    }
    auto facts = facts_of(task);
    facts.scopes = list_index(task);
    facts.wait_site = site_index(task.wait_site);
    facts.label = labels_.index(site_index(task.label_key), task.label_text, task.label_cut);
    if (has_frame(task)) {
        facts.frame = frame_index({task.frame, task.awaited_by, task.started_by, task.creator_pc, task.created_in_pc});
    }
    snapshot_.tasks.push_back(facts);
    if (snapshot_.past) {
        snapshot_.past->started_ns.push_back(task.started_ns);
    }
}

// The table keeps counts by thread: a site has several.
void TaskCollector::add(const protocol::SiteCounts& counts) {
    if (!snapshot_.past || counts.site >= index_of_id_.size() || index_of_id_[counts.site] == none) {
        return; // nothing of it lives
    }
    auto& sites = snapshot_.past->sites;
    const auto index = index_of_id_[counts.site];
    if (sites.size() <= index) {
        sites.resize(index + 1);
    }
    sites[index].births += counts.births;
    sites[index].deaths += counts.deaths;
}

// Many were created in one place and tell nothing else.
std::uint32_t TaskCollector::frame_index(const TaskFrameFacts& frame) {
    auto& frames = snapshot_.task_frames;
    if (frames.size() == 1) {
        frames.reserve(snapshot_.tasks.capacity()); // not copied by steps: a million take 40 MB
        ask_for_huge_pages(frames);
    }
    if (frames.size() < 2 || frame.frame != 0 || frames.back() != frame) {
        frames.push_back(frame);
    }
    return static_cast<std::uint32_t>(frames.size() - 1);
}

void TaskCollector::add(const protocol::Site& site) {
    const auto index = site_index(site.id);
    if (index != none) {
        snapshot_.sites[index] = {std::string{site.name}, std::string{site.function}, std::string{site.file},
                                  site.line};
    }
}

std::uint32_t TaskCollector::site_index(std::uint32_t id) {
    if (id == 0 || id > protocol::max_sites) {
        return none;
    }
    if (id >= index_of_id_.size()) {
        index_of_id_.resize(id + 1);
    }
    if (index_of_id_[id] == none) {
        index_of_id_[id] = static_cast<std::uint32_t>(ids_.size());
        ids_.push_back(id);
        snapshot_.sites.emplace_back();
    }
    return index_of_id_[id];
}

std::uint32_t TaskCollector::list_index(const protocol::Task& task) {
    const auto count = std::min<std::size_t>(task.scope_count, task.scopes.size());
    if (count == 0 && task.scopes_left_out == 0) {
        return none;
    }
    if (count == 1 && task.scopes_left_out == 0) {
        const auto site = site_index(task.scopes[0]);
        if (site >= single_list_of_.size()) {
            single_list_of_.resize(site + 1);
        }
        if (single_list_of_[site] == none) {
            single_list_of_[site] = new_list({{site}, 0});
        }
        return single_list_of_[site];
    }
    std::vector<std::uint32_t> sites;
    std::transform(task.scopes.begin(), task.scopes.begin() + static_cast<std::ptrdiff_t>(count),
                   std::back_inserter(sites), [this](std::uint32_t id) { return site_index(id); });
    const auto [known, added] = lists_.try_emplace({sites, task.scopes_left_out});
    if (added) {
        known->second = new_list({std::move(sites), task.scopes_left_out});
    }
    return known->second;
}

std::uint32_t TaskCollector::new_list(ScopeList list) {
    snapshot_.scope_lists.push_back(std::move(list));
    return static_cast<std::uint32_t>(snapshot_.scope_lists.size() - 1);
}

void TaskCollector::add(const protocol::WaitObject& object) {
    if (snapshot_.past && object.address != 0 && object.handles_ended_ns != 0) {
        snapshot_.past->unheld.push_back({object.address, object.handles_ended_ns});
    }
}

void TaskCollector::finish() {
    if (snapshot_.past) {
        std::ranges::sort(snapshot_.past->unheld, {}, &UnheldObject::address);
    }
    const auto new_label = labels_.finish(snapshot_.sites);
    if (!new_label.empty()) {
        for (auto& task : snapshot_.tasks) {
            task.label = new_label[task.label];
        }
    }
    merge_equal_sites();
    tell_left_out();
}

void TaskCollector::merge_equal_sites() {
    std::map<std::tuple<std::string_view, std::string_view, std::string_view, std::uint32_t>, std::uint32_t> sites;
    std::vector<std::uint32_t> first_site(snapshot_.sites.size());
    bool twice = false;
    for (std::uint32_t index = 0; index < first_site.size(); ++index) {
        const auto& site = snapshot_.sites[index];
        const bool known = index != none && !(site.name.empty() && site.file.empty());
        first_site[index] =
            known ? sites.try_emplace({site.name, site.function, site.file, site.line}, index).first->second : index;
        twice = twice || first_site[index] != index;
    }
    if (!twice) {
        return;
    }
    std::map<std::pair<std::vector<std::uint32_t>, std::uint32_t>, std::uint32_t> lists;
    std::vector<std::uint32_t> first_list;
    for (auto& list : snapshot_.scope_lists) {
        for (auto& site : list.sites) {
            site = first_site[site];
        }
        const auto index = static_cast<std::uint32_t>(first_list.size());
        first_list.push_back(lists.try_emplace({list.sites, list.left_out}, index).first->second);
    }
    for (auto& task : snapshot_.tasks) {
        task.wait_site = first_site[task.wait_site];
        task.scopes = first_list[task.scopes];
    }
    merge_lives(first_site);
}

void TaskCollector::merge_lives(const std::vector<std::uint32_t>& first_site) {
    if (!snapshot_.past) {
        return;
    }
    auto& sites = snapshot_.past->sites;
    for (std::uint32_t index = 0; index < sites.size(); ++index) {
        if (const auto first = first_site[index]; first < index) {
            sites[first].births += std::exchange(sites[index].births, 0);
            sites[first].deaths += std::exchange(sites[index].deaths, 0);
        }
    }
}

void TaskCollector::tell_left_out() {
    if (left_out_ != 0) {
        snapshot_.incomplete.push_back({0, std::to_string(left_out_) + " tasks are left out: no more than " +
                                               std::to_string(most_) + " are taken in"});
    }
}

void collect_table(protocol::TableReader& reader, bool past, Snapshot& snapshot) {
    if (past) {
        snapshot.past.emplace(PastFacts{reader.facts().started_at_ns, reader.facts().history, {}, {}, {}});
    }
    TaskCollector collector{snapshot};
    collector.reserve(reader.record_count());
    const auto totals = reader.each_task([&collector](const protocol::Task& task) {
        collector.add(task);
        return true;
    });
    tell_totals(totals, snapshot);
    const auto ids = collector.site_ids(); // a copy: add() is free to intern more
    for (std::size_t index = 1; index < ids.size(); ++index) {
        if (const auto site = reader.site(ids[index])) {
            collector.add(*site);
        }
    }
    if (past) {
        reader.each_count([&collector](const protocol::SiteCounts& counts) { collector.add(counts); });
        reader.each_wait_object([&collector](const protocol::WaitObject& object) { collector.add(object); });
    }
    collector.finish();
    collect_births(reader, snapshot);
    snapshot.vitals.jobs_dropped = reader.facts().dropped_jobs;
}

} // namespace tasks::inspect
