#include "profile_writer.hpp"

#include "profile_blocks.hpp"

namespace tasks::agent {

ProfileWriter::ProfileWriter(int fd, Region& region, const OwnTable* table, std::uint64_t until_ns) noexcept
    : workspace_(region), output_(fd, region.take(output_bytes), until_ns),
      table_(table == nullptr
                 ? std::nullopt
                 : protocol::TableReader::open_in(*table, region.take(protocol::TableReader::memory_bytes))),
      sites_(table_ ? &*table_ : nullptr, region.take(ProfileSites::memory_bytes)),
      modules_(region.take(ProfileModules::memory_bytes), region.take(ExportedNames::memory_bytes)),
      marks_(region.take(ProfileWalk::marks_bytes)), groups_{.shapes = region.take(ProfileGroups::shapes_bytes),
                                                             .buckets = region.take(ProfileGroups::buckets_bytes),
                                                             .chains = region.take(ProfileGroups::chains_bytes)} {}

int ProfileWriter::write(const ProfiledProcess& process, ProfileDetail detail) noexcept {
    write_head(process, detail, output_);
    write_modules(process);
    write_tasks(process, detail);
    return output_.finish();
}

int ProfileWriter::write(const ProfiledProcess& process, const Crash& crash) noexcept {
    write_modules(process);
    ProfileLines lines{output_, sites_, modules_};
    ProfileBlocks blocks{lines, process.taken_ns};
    ProfileWalk::Totals totals = walk({.agent_tid = process.agent_tid,
                                       .own_tid = process.own_tid,
                                       .taken_ns = process.taken_ns,
                                       .stack_bytes = protocol::default_stack_bytes,
                                       .all_stacks_bytes = crash.all_stacks_bytes,
                                       .own = crash.struck,
                                       .own_only = crash.struck_only,
                                       .own_tasks = crash.struck_tasks,
                                       .own_first_record = crash.struck_first_record,
                                       .until_ns = crash.walk_until_ns})
                                     .run(blocks);
    totals.table_read = totals.table_read || crash.no_agent; // then nothing is registered
    if (crash.struck_only)
        output_ << "incomplete  only the thread that crashed is told: TASKS_TRACEBACK=all tells every task\n";
    write_end(totals, dropped(), output_);
    return output_.finish();
}

void ProfileWriter::write_modules(const ProfiledProcess& process) noexcept {
    const bool mapped = modules_.write(output_, workspace_, process.own_tid);
    output_ << "\n";
    if (!mapped)
        output_ << "incomplete  the mapped files could not be listed: /proc/self/task/TID/maps cannot be read\n";
}

ProfileWalk ProfileWriter::walk(const ProfileWalk::Moment& moment) noexcept {
    return {workspace_, table_ ? &*table_ : nullptr, marks_, moment};
}

void ProfileWriter::write_tasks(const ProfiledProcess& process, ProfileDetail detail) noexcept {
    ProfileLines lines{output_, sites_, modules_};
    ProfileWalk walk = this->walk({.agent_tid = process.agent_tid,
                                   .own_tid = process.own_tid,
                                   .taken_ns = process.taken_ns,
                                   .stack_bytes = detail == ProfileDetail::stacks ? protocol::default_stack_bytes : 0});
    ProfileWalk::Totals totals;
    if (detail == ProfileDetail::groups) {
        ProfileGroups groups{groups_};
        totals = walk.run(groups);
        groups.write(lines, sites_, walk.tids());
        if (groups.left_out() != 0)
            output_ << "incomplete  " << groups.left_out() << " tasks are of other shapes than the first "
                    << std::uint64_t{ProfileGroups::most_shapes} << ": not told\n";
    } else {
        ProfileBlocks blocks{lines, process.taken_ns};
        totals = walk.run(blocks);
    }
    write_end(totals, dropped(), output_);
}

} // namespace tasks::agent
