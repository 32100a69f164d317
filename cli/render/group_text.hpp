// One group of `tasks stack` as text: header line, frames, where it waits, who created it. Holds references to its
// report and file names, which must outlive it. One thread at a time.
#pragma once

#include "analysis/group_labels.hpp"
#include "analysis/group_values.hpp"
#include "analysis/report.hpp"
#include "render/colour.hpp"
#include "render/file_names.hpp"
#include "render/frames_text.hpp"
#include "render/wait_text.hpp"

namespace tasks::render {

class GroupText {
public:
    /// `whole`: every frame, whole names, and what tells one task from another (for --full).
    GroupText(const inspect::StackReport& report, const FileNames& files, Colour colour, bool whole);

    /// "8 tasks  job  chan send "results"  2s - 5m12s  [query]  request=8431, 8432, 8440 and 5 more"
    std::string header(const inspect::Group& group);

    /// The lines below the header.
    std::string body(const inspect::Group& group) const;

    /// "submit(Backend&)::{lambda}   payments.cpp:31": where its tasks are, on one line; "" where that is not known.
    std::string top(const inspect::Group& group) const;

    /// The group has frames that body() leaves out.
    bool leaves_out(const inspect::Group& group) const;

private:
    std::string site(std::string_view label, const std::optional<inspect::CreatedBy>& site) const;
    std::string created(const inspect::Group& group) const;
    std::string one_task(const inspect::Group& group) const;
    std::string labels(const inspect::Group& group);
    std::vector<std::string> values(const inspect::Group& group) const;

    const inspect::StackReport& report_;
    inspect::GroupLabelling labelling_;
    const FileNames& files_;
    FramesText frames_;
    WaitText waits_;
    Colour colour_;
    bool whole_;
};

} // namespace tasks::render
