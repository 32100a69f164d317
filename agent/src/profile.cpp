#include <tasks/profile.hpp>

#include <cerrno>
#include <memory>
#include <mutex>
#include <new>

#include "borrowed_thread.hpp"
#include "profile_writer.hpp"
#include "registry.hpp"
#include "wiped_page.hpp"

namespace tasks {
namespace {

// One at a time: each has memory of its own, but of a hundred threads that meet the same trouble one after the other
// should dump. Zero bytes are an open mutex; in a forked child it is open again.
agent::WipedPage<std::mutex> turn_page;

} // namespace

int write_profile(int fd, ProfileDetail detail) noexcept {
    const agent::BorrowedThread borrowed;
    std::mutex* turn = turn_page.make();
    if (turn == nullptr)
        return ENOMEM;
    const std::lock_guard lock{*turn};
    agent::Registry* registry = agent::Registry::active();
    if (registry == nullptr)
        return ENODEV;
    const agent::OwnTable table{*registry}; // stays readable when the agent stops meanwhile
    agent::ProfiledProcess process;
    if (!agent::read_process(table, process))
        return ENODEV;
    constexpr std::size_t own_bytes = agent::whole_pages(sizeof(agent::ProfileWriter));
    agent::Region region{own_bytes + agent::ProfileWriter::region_bytes};
    const std::span<char> place = region.take(own_bytes);
    if (place.empty())
        return ENOMEM;
    auto* writer = new (place.data()) agent::ProfileWriter{fd, region, &table};
    const int error = writer->write(process, detail);
    std::destroy_at(writer);
    return error;
}

} // namespace tasks
