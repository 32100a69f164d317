#include "capture/memory_hangs.hpp"

#include <string>

namespace tasks::inspect {
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
        into.modules_withheld = true;
        into.incomplete.push_back({0,
                                   "names are left out: its files are read as its user, which a command that hangs in "
                                   "its memory cannot become; run as that user"});
    }
}

} // namespace tasks::inspect
