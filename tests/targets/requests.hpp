// All requests that an agent is asked in the tests of what it does to its host, and what became of them.
#pragma once

#include <string>
#include <vector>

namespace tasks::test {

/// What one client was told, in order: "answered", "refused: SENTENCE", "closed", "not connected".
struct Replies {
    std::vector<std::string> all;
    int answered = 0; ///< of the four questions; the greeting does not count

    bool complete() const { return answered == 4; }
    std::string text() const;
};

/// Connects, greets and asks for vitals, counts, tasks and stacks. Stops where the connection ends, or after 30 s.
Replies ask_all(const std::string& socket);

} // namespace tasks::test
