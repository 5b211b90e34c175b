//gsoap ns service name: VATS
//gsoap ns service style: document
//gsoap ns service encoding: literal
//gsoap ns service namespace: http://VATS
//gsoap ns schema namespace: http://VATS
//gsoap ns schema elementForm: qualified
struct ns__SayNameResponse { char *return_; };
int ns__SayName(char *number, struct ns__SayNameResponse *response);
