#include "profile_writer.hpp"

#include "profile_blocks.hpp"

namespace tasks::agent {

ProfileWriter::ProfileWriter(int fd, Region& region, const OwnTable& table) noexcept
    : workspace_(region), output_(fd, region.take(output_bytes)),
      table_(protocol::TableReader::open_in(table, region.take(protocol::TableReader::memory_bytes))),
      sites_(table_ ? &*table_ : nullptr, region.take(ProfileSites::memory_bytes)),
      modules_(region.take(ProfileModules::memory_bytes), region.take(ExportedNames::memory_bytes)),
      marks_(region.take(ProfileWalk::marks_bytes)), groups_{.shapes = region.take(ProfileGroups::shapes_bytes),
                                                             .buckets = region.take(ProfileGroups::buckets_bytes),
                                                             .chains = region.take(ProfileGroups::chains_bytes)} {}

int ProfileWriter::write(const ProfiledProcess& process, ProfileDetail detail) noexcept {
    write_head(process, detail, output_);
    const bool mapped = modules_.write(output_, workspace_, process.own_tid);
    output_ << "\n";
    if (!mapped)
        output_ << "incomplete  the mapped files could not be listed: /proc/self/task/TID/maps cannot be read\n";
    write_tasks(process, detail);
    return output_.finish();
}

void ProfileWriter::write_tasks(const ProfiledProcess& process, ProfileDetail detail) noexcept {
    ProfileLines lines{output_, sites_, modules_};
    ProfileWalk walk{workspace_,
                     table_ ? &*table_ : nullptr,
                     marks_,
                     {.agent_tid = process.agent_tid,
                      .own_tid = process.own_tid,
                      .taken_ns = process.taken_ns,
                      .stack_bytes = detail == ProfileDetail::stacks ? protocol::default_stack_bytes : 0}};
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
    write_end(totals, table_ ? table_->facts().dropped_jobs : 0, output_);
}

} // namespace tasks::agent
