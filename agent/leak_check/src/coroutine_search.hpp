// Which coroutines that nobody registers are left over, through all the looks of a search: memory is scanned at the
// first one, then those that were found are looked at, two words each, and the memory again only once all others have
// gone. So what is told was there at every look. One search's; one thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "coroutine_keys.hpp"
#include "leak_options.hpp"

namespace tasks::leaks {

class CoroutineSearch {
public:
    /// `without` may grow between two looks.
    explicit CoroutineSearch(const Living& without) : without_(without) {}

    /// `others`: tasks of another kind are left. They may leave a coroutine behind when they end.
    std::vector<CoroutineKey> look(bool others);
    /// What could not be seen.
    std::vector<std::string> notes() const;

private:
    void scan();

    const Living& without_;
    std::vector<CoroutineKey> found_;
    std::vector<CoroutineKey> unsure_;
    std::vector<std::string> problems_;
    bool scanned_ = false;
    bool with_others_ = false; ///< at the last scan
};

} // namespace tasks::leaks
