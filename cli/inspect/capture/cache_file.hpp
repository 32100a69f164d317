// A file of the user's that saves work: below $XDG_CACHE_HOME/tasks, else ~/.cache/tasks. Read only where file and
// directory are ours and closed to others' writing, up to a cap; written whole, under another name first, with mode
// 0600 in a directory of mode 0700. Nothing in it may be trusted. Failing does no harm. A value; one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "capture/world.hpp"

namespace tasks::inspect {

class CacheFile {
public:
    CacheFile(const World& world, std::string name, std::size_t most_bytes);

    bool possible() const noexcept { return !directory_.empty(); }
    /// "": not there, or not to be used.
    std::string read() const;
    void write(std::string_view text) const;
    /// Removes the oldest of our files whose names begin so, until that many are left.
    void keep_newest(std::string_view name_begin, std::size_t count) const;

private:
    std::string directory_; ///< "": there is none
    std::string name_;
    std::size_t most_bytes_;
    std::uint32_t euid_;
};

} // namespace tasks::inspect
