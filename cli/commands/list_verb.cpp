// `tasks list`: which process is growing? `tasks tree`: who started whom?
#include <set>

#include "commands/listing.hpp"
#include "commands/verbs.hpp"
#include "discovery/cpp_processes.hpp"
#include "discovery/discovery.hpp"

namespace tasks::commands {
namespace {

/// Adds the processes without an agent; gives back who is whose parent.
std::map<std::uint32_t, std::uint32_t> add_plain(discovery::Discovery& discovery, const Invocation& asked,
                                                 discovery::Survey& survey, Listing& listing) {
    std::set<std::uint32_t> known;
    for (const auto& sighting : survey.living) {
        known.insert(sighting.target.process.pid);
    }
    auto plain = discovery.cpp_processes(known, asked.timeout_ns / 2);
    listing.plain(plain.targets);
    if (plain.strangers != 0) {
        survey.problems.push_back(std::to_string(plain.strangers) +
                                  (plain.strangers == 1 ? " process of another user" : " processes of other users") +
                                  " not looked at; run as root to see all");
    }
    if (plain.late != 0) {
        survey.problems.push_back(std::to_string(plain.late) + (plain.late == 1 ? " process" : " processes") +
                                  " not told in time; --timeout gives more");
    }
    return std::move(plain.parents);
}

} // namespace

Outcome list_verb(const inspect::World& world, const Invocation& asked, const Output& output) {
    auto discovery = discovery::Discovery::begin(world, asked.timeout_ns);
    if (!discovery) {
        return discovery.error();
    }
    auto survey = discovery->survey();
    Listing listing{world, asked.timeout_ns};
    if (asked.dead) {
        listing.dead(survey.dead);
    } else {
        listing.living(survey.living);
    }
    if (asked.all) {
        add_plain(*discovery, asked, survey, listing);
    }
    const auto report = listing.report(std::move(survey.problems));
    if (asked.json) {
        render::list_json(report, output.sink);
    } else {
        render::list_text(report, {output.colour}, output.sink);
    }
    return std::nullopt;
}

Outcome tree_verb(const inspect::World& world, const Invocation& asked, const Output& output) {
    auto discovery = discovery::Discovery::begin(world, asked.timeout_ns);
    if (!discovery) {
        return discovery.error();
    }
    auto survey = discovery->survey();
    Listing listing{world, asked.timeout_ns};
    listing.living(survey.living);
    const auto parents = add_plain(*discovery, asked, survey, listing);
    render::TreeReport report;
    report.list = listing.report(std::move(survey.problems));
    std::vector<std::uint32_t> pids;
    for (const auto& row : report.list.processes) {
        pids.push_back(row.process.pid);
    }
    report.nodes = inspect::process_tree(pids, parents);
    if (asked.json) {
        render::tree_json(report, output.sink);
    } else {
        render::tree_text(report, {output.colour}, output.sink);
    }
    return std::nullopt;
}

} // namespace tasks::commands
