// Cuts the bytes of a profile, as they come, into lines for its parser. Keeps at most one line. One thread.
#pragma once

#include <string>
#include <string_view>

#include "capture/profile_parser.hpp"

namespace tasks::inspect::profile {

class Stream {
public:
    explicit Stream(Parser& parser) : parser_(parser) {}

    /// False: the parser wants no more.
    bool take(std::string_view bytes);

    /// When all bytes were taken: a line without an end was cut, and is not read. False as above.
    bool finish();

private:
    Parser& parser_;
    std::string line_;
    bool skipping_ = false; // the rest of a line that is too long
};

} // namespace tasks::inspect::profile
