/*
 * winevent: how the parts of a Windows event are called, the same from BinXML and from rendered
 * XML. Names are those Sigma rules use: children of System by their own name, attributes as
 * Element_Attribute, event data by its own name, whatever the wrappers around it.
 *
 *     <Event xmlns=..>                                        TOP      xmlns: dropped
 *       <System>                                              EVENT
 *         <Provider Name='p'/>          Provider_Name = p     SYSTEM
 *         <EventID Qualifiers='1'>7</>  EventID_Qualifiers = 1, EventID = 7
 *       <EventData>                                           EVENT
 *         <Data Name='Logon Id'>3</>    LogonId = 3           DATA
 *         <Data>x</><Data>y</>          Data = x, y (a list)
 *       <UserData><Wrapper>                                   USER
 *         <Field><Part>z</></>          Field.Part = z        DATA, FIELD
 *       <RenderingInfo>                                       EVENT
 *         <Message>m</><Level>l</>      Message = m, RenderingInfo.Level = l
 *
 * Pure functions; names are borrowed from what they were made of, or live in the arena given.
 */
#ifndef JAGA_PARSE_WINEVENT_H
#define JAGA_PARSE_WINEVENT_H

#include "event/event.h"

enum winevent_place {
    WINEVENT_TOP,       /* around the root element */
    WINEVENT_EVENT,     /* in <Event> */
    WINEVENT_SYSTEM,    /* in <System> */
    WINEVENT_DATA,      /* in <EventData>, or in the wrapper element of <UserData> */
    WINEVENT_USER,      /* in <UserData> */
    WINEVENT_RENDERING, /* in <RenderingInfo> */
    WINEVENT_FIELD,     /* in an element that is a value itself */
};

/* Inside an element: what its text, its attributes and its children are called. */
struct winevent_scope {
    enum winevent_place place;
    bool quiet;      /* the element gives no slot when it has no content: structure, and System */
    bool list;       /* one of several values: <Data> without a name */
    struct str name; /* of the slot that its text makes */
};

extern const struct winevent_scope winevent_top;

/*
 * The scope inside `element`, a child of `outer`. `data_name` is the element's Name
 * attribute, empty without one. False when the arena is spent.
 */
bool winevent_enter(const struct winevent_scope *outer, struct str element, struct str data_name,
                    struct arena *arena, struct winevent_scope *ret_scope);

/* Does the Name attribute of `element` in `outer` name its value, and is no value itself? */
bool winevent_names_data(const struct winevent_scope *outer, struct str element);

/*
 * The slot name of an attribute of the element whose inside is `scope`. An empty ptr: the attribute
 * is no value (a namespace), or, with `*ret_spent` set, the arena is spent.
 */
struct str winevent_attribute(const struct winevent_scope *scope, struct str attribute,
                              struct arena *arena, bool *ret_spent);

/*
 * Marks slots of the same name as elements of a list. The first of `count` slots is at `slots`,
 * each `stride` bytes behind the one before; unnamed ones are passed over. False when the arena is
 * spent.
 */
bool winevent_mark_lists(void *slots, size_t stride, uint32_t count, struct arena *arena);

#endif
