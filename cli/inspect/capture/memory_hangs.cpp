#include "capture/memory_hangs.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace tasks::inspect {
namespace {

constexpr std::string_view no_names =
    "names are left out: its files are read as its user, which a command that hangs in "
    "its memory cannot become; run as that user";

} // namespace

void tell_hangs(const World& world, const MemoryWatch& watch, Snapshot& into) {
    if (watch.hangs() == 0) {
        return;
    }
    const std::string times = watch.hangs() == 1 ? "once" : std::to_string(watch.hangs()) + " times";
    into.incomplete.push_back({0, "reading its memory hung " + times +
                                      ", so stacks are missing: a page comes from a userfaultfd or a FUSE file that "
                                      "nobody serves, or a sick thread holds the lock of its memory map"});
    if (world.is_root() && into.process.uid != 0) {
        into.modules.clear();
        into.incomplete.push_back({0, std::string{no_names}});
    }
}

bool lacks_modules_for_a_hang(const Snapshot& snapshot) {
    return snapshot.modules.empty() &&
           std::ranges::any_of(snapshot.incomplete, [](const auto& one) { return one.reason == no_names; });
}

} // namespace tasks::inspect
