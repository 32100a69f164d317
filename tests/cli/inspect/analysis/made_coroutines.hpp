// A made list of coroutines, with the words for it.
//
//     MadeCoroutines made{snapshot};
//     const auto outer = made.frame("serve(int)", 88);
//     made.frame("read(int)", 12).awaited_by = outer.address;
#pragma once

#include <algorithm>
#include <string>

#include "capture/snapshot.hpp"

namespace tasks::inspect {

class MadeCoroutines {
public:
    explicit MadeCoroutines(Snapshot& snapshot) : list_(snapshot.coroutines.emplace()) {}

    /// A frame suspended at that line of its function, whose points are made as they come; line 0: before its start.
    CoroutineFrame& frame(const std::string& function, std::uint32_t line, const std::string& awaiter = "") {
        const auto at = number(function);
        auto& points = list_.functions[at].points;
        if (points.empty()) {
            points.push_back({.kind = PointKind::initial});
        }
        auto point = std::ranges::find(points, line, &SuspendPoint::line);
        if (point == points.end()) {
            point = points.insert(point, SuspendPoint{.number = static_cast<std::uint32_t>(points.size()),
                                                      .kind = PointKind::await,
                                                      .provenance = Provenance::exact,
                                                      .line = line,
                                                      .file = "/src/session.cpp",
                                                      .awaiter = awaiter});
        }
        auto& frame = list_.frames.emplace_back();
        frame.address = 0x55d000000010 + 0x100 * list_.frames.size();
        frame.function = at;
        frame.point = static_cast<std::uint32_t>(point - points.begin());
        frame.state = protocol::State::waiting;
        return frame;
    }

    CoroutineList& operator*() { return list_; }
    CoroutineList* operator->() { return &list_; }

private:
    std::uint32_t number(const std::string& function) {
        const auto known = std::ranges::find(list_.functions, function, &CoroutineFunction::function);
        const auto at = static_cast<std::uint32_t>(known - list_.functions.begin());
        if (known == list_.functions.end()) {
            list_.functions.push_back({.function = function,
                                       .module = "/srv/payments/bin/payments",
                                       .resume = 0x500000 + 0x1000 * std::uint64_t{at},
                                       .resume_size = 0x200});
        }
        return at;
    }

    CoroutineList& list_;
};

} // namespace tasks::inspect
