# Names that vulture takes for dead (`make lint`): called by click, pytest, http.client or the interpreter,
# or written here and read by what they are handed to.
_.format_help  # click's page of a command, and what it says of a wrong word
_.format_epilog
_.get_invalid_choice_message
_.command_class
_.group_class
_.bench  # commands of click
_.help_page
_.policy_show
_.policy_check
_.policy_init
_.completion_install_helper
_.command_class  # what a click group makes its commands of
_.pytest_collection_modifyitems
_.default_port  # of http.client's connection
_.api_key  # of the kubernetes package's Configuration
_.mtime  # of an archive's entry
_.linkname
_.encode_chunked  # parameters that a base class or a protocol gives
_.message_body
_.frame
_.trace
_.subresource  # fields of a recorded request, whole as the server wrote it
_.api_group
_.impersonated_user
_.uid
_.extra
_.handle  # called and read by socketserver
_.daemon_threads
_.do_GET  # called by http.server
_.do_POST
_.log_message
_.by_way_of  # compared, never read alone
