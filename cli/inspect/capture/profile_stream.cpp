#include "capture/profile_stream.hpp"

namespace tasks::inspect::profile {

bool Stream::take(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        if (!skipping_) {
            line_ += bytes.substr(0, end);
            if (line_.size() > Parser::max_line_bytes) {
                line_.clear();
                skipping_ = true;
                if (!parser_.skip_line()) {
                    return false;
                }
            }
        }
        if (end == bytes.npos) {
            return true;
        }
        bytes.remove_prefix(end + 1);
        if (!skipping_ && !parser_.take(line_)) {
            return false;
        }
        skipping_ = false;
        line_.clear();
    }
    return true;
}

bool Stream::finish() { return line_.empty() ? parser_.begun() : parser_.skip_line(); }

} // namespace tasks::inspect::profile
